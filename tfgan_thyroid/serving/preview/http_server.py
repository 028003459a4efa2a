"""HTTP around the REST API and the page: a Starlette application on uvicorn. For previews and tests."""

import json
import socket
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tfgan_thyroid.serving.preview import page_api
from tfgan_thyroid.serving.preview.api_errors import ApiError
from tfgan_thyroid.serving.preview.page import PAGE
from tfgan_thyroid.serving.preview.rest_api import RestApi
from tfgan_thyroid.serving.preview.served_model import ServedModel

MAX_BODY = 64 * 2**20
"""Bytes of a request, packed and unpacked."""

KEEP_ALIVE = 60  # seconds that an idle connection is kept
SHUTDOWN = 20  # seconds that requests under way are given when the server stops


def build_app(models: Mapping[str, ServedModel], max_batch_size: int) -> Starlette:
    """The application over models by name. Everything that is not the page is answered in JSON, errors too."""
    api = RestApi(models, max_batch_size)

    async def page(request: Request) -> Response:
        return HTMLResponse(PAGE)

    async def rest(request: Request) -> Response:
        method, path, body = request.method, request.path_params["path"], await _body(request)
        return await _json(lambda: api.answer(method, path, body))

    async def shown_models(request: Request) -> Response:
        return await _json(lambda: page_api.shown_models(models))

    async def latent(request: Request) -> Response:
        return await _json(lambda: page_api.latent_of(models, **request.path_params))

    routes = [
        Route("/", page),
        Route("/v1/{path:path}", rest, methods=["GET", "POST"]),
        Route("/preview/models", shown_models),
        Route("/preview/latents/{name}/{seed:int}", latent),
    ]
    handled = (ApiError, HTTPException, ClientDisconnect, Exception)
    return Starlette(routes=routes, exception_handlers=dict.fromkeys(handled, _refused))


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        error.filename = f"{host}:{port}"
        raise
    # Small packets go at once, which saves 40 ms an answer; the connections inherit it.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def serve(app: Starlette, listening: socket.socket) -> None:
    """Answers until SIGINT or SIGTERM arrives, and what is under way then."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=SHUTDOWN,
    )
    uvicorn.Server(config).run(sockets=[listening])


async def _json(work: Callable[[], dict[str, Any]]) -> Response:
    """Works in a thread: TensorFlow lets go of Python's lock. NaN is written as such, as TF Serving does."""
    content = await run_in_threadpool(lambda: json.dumps(work()))
    return Response(content, media_type="application/json")


async def _body(request: Request) -> bytes:
    """The body, unpacked, read no further than `MAX_BODY`."""
    coding = request.headers.get("content-encoding", "identity").lower()
    if coding not in ("identity", "gzip"):
        raise HTTPException(415, f"content coding {coding} is not read here: send gzip, or the plain body")
    if int(request.headers.get("content-length", 0)) > MAX_BODY:
        raise HTTPException(413)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise HTTPException(413)
    return _unpacked(bytes(body)) if coding == "gzip" else bytes(body)


def _unpacked(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)  # of a gzip file
    try:
        body = unpacker.decompress(packed, MAX_BODY + 1)
    except zlib.error:
        raise HTTPException(400, "the body is no gzip file, which its content coding says") from None
    if len(body) > MAX_BODY:
        raise HTTPException(413)
    if not unpacker.eof:
        raise HTTPException(400, "the gzip file of the body breaks off")
    return body


async def _refused(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 500)
    message = error.detail if isinstance(error, HTTPException) else str(error)
    if status == 413:
        message = f"a request may have {MAX_BODY} bytes"
    # The rest of a request that was not read must not be taken for another request.
    headers = {"Connection": "close"} if isinstance(error, HTTPException) else {}
    return Response(json.dumps({"error": message}), status, headers, media_type="application/json")
