"""HTTP around the REST API and the page: a Starlette application on uvicorn. For previews and tests."""

import gzip
import io
import json
import logging
import socket
import zlib
from functools import partial
from typing import Any

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tfgan_thyroid.serving.preview.api import PreviewApi
from tfgan_thyroid.serving.preview.page import PAGE
from tfgan_thyroid.serving.preview.rest_api import RestApi

MAX_BODY = 64 * 2**20
"""Bytes of a request."""

THREADS = 64
"""That requests are answered in; most of them wait for a batch."""

BACKLOG = 128  # connections that wait to be accepted
KEEP_ALIVE = 60  # seconds that an idle connection is kept
SHUTDOWN = 20  # seconds that requests under way are given when the server stops

_log = logging.getLogger(__name__)


def build_app(api: RestApi, preview: PreviewApi) -> Starlette:
    """The application. Everything that is not the page is answered in JSON, errors too.

    Args:
        api: answers under `/v1/`.
        preview: answers under `/preview/`, for the page at `/`.
    """
    threads = anyio.CapacityLimiter(THREADS)

    async def page(request: Request) -> Response:
        return HTMLResponse(PAGE)

    async def answer(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        # As it was sent: a name may hold an encoded slash.
        path = request.scope["raw_path"].decode("latin-1")
        try:
            work = partial(_answer, api, preview, method, path, await _body(request))
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        # The event loop goes on meanwhile: TensorFlow lets go of Python's lock.
        status, content = await anyio.to_thread.run_sync(work, limiter=threads)
        return Response(content, status, media_type="application/json")

    routes = [Route("/", page), Route("/{path:path}", answer, methods=["GET", "POST"])]
    return Starlette(routes=routes, exception_handlers={HTTPException: _refused, Exception: _failed})


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one.

    Raises:
        OSError: it cannot.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named: asyncio then sends small packets at once, which saves 40 ms an answer.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        error.filename = error.filename or f"{host}:{port}"
        raise
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


async def _body(request: Request) -> bytes:
    """The body, unpacked, read no further than it may be long."""
    coding = request.headers.get("content-encoding", "identity").lower()
    if coding not in ("identity", "gzip"):
        raise HTTPException(415, f"content coding {coding} is not read here: send gzip, or the plain body")
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > MAX_BODY:
        raise HTTPException(413)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise HTTPException(413)
    return _unpacked(bytes(body)) if coding == "gzip" else bytes(body)


def _unpacked(packed: bytes) -> bytes:
    """What a gzip file holds, no further than a body may be long: a few bytes may hold gigabytes."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
            body = file.read(MAX_BODY + 1)
    except (OSError, EOFError, zlib.error):
        raise HTTPException(400, "the body is no whole gzip file, which its content coding says") from None
    if len(body) > MAX_BODY:
        raise HTTPException(413)
    return body


def _answer(api: RestApi, preview: PreviewApi, method: str, path: str, body: bytes) -> tuple[int, bytes]:
    if path.startswith("/preview/") and method == "GET":
        status, document = preview.answer(path)
    elif path.lower().startswith("/v1/"):
        status, document = api.answer(method, path, body)
    else:
        status, document = 404, {"error": f"Not found: {path}"}
    return status, _json(document)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    told = f"a request may have {MAX_BODY} bytes" if error.status_code == 413 else error.detail
    headers = {**(error.headers or {}), "Connection": "close"}  # what is left of the request is not read
    return Response(_json({"error": told}), error.status_code, headers, media_type="application/json")


async def _failed(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed: %r", request.method, request.url.path, error)
    return Response(_json({"error": "internal error; see the server's log"}), 500, media_type="application/json")


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()
