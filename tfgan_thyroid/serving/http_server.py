"""HTTP around the REST API: the standard library's server, a thread for each connection. For previews and tests."""

import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tfgan_thyroid import __version__
from tfgan_thyroid.serving.preview_api import PreviewApi
from tfgan_thyroid.serving.preview_page import PAGE
from tfgan_thyroid.serving.rest_api import RestApi
from tfgan_thyroid.serving.served_model import ServedModel

MAX_BODY = 64 * 2**20
"""Bytes of a request."""

_log = logging.getLogger(__name__)


class PreviewServer(ThreadingHTTPServer):
    """Listens when it is made; answers once `serve_forever` runs.

    Args:
        address: host and port; port 0 takes a free one.
        api: answers under `/v1/`.
        preview: answers under `/preview/`, for the page at `/`.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], api: RestApi, preview: PreviewApi) -> None:
        try:
            super().__init__(address, _Handler)
        except OSError as error:
            error.filename = error.filename or f"{address[0]}:{address[1]}"
            raise
        self.api = api
        self.preview = preview

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"


class VersionWatcher:
    """Polls models for new versions in a thread of its own.

    Args:
        models: to poll.
        seconds: between polls.
    """

    def __init__(self, models: list[ServedModel], seconds: float) -> None:
        self._models = models
        self._seconds = seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "VersionWatcher":
        """Starts."""
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stops, after a poll that is under way."""
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(self._seconds):
            for model in self._models:
                try:
                    model.poll()
                except OSError as error:
                    _log.warning("%s cannot be polled: %s", model.name, error)


class _Handler(BaseHTTPRequestHandler):
    server: PreviewServer
    protocol_version = "HTTP/1.1"
    server_version = f"tfgan-thyroid-preview/{__version__}"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet
    timeout = 60.0  # seconds that an idle connection is kept

    def do_GET(self) -> None:  # noqa: N802 (the standard library's name)
        """The page, or the API."""
        if self.path == "/":
            self._send(200, "text/html; charset=utf-8", PAGE.encode())
        else:
            self._answer("GET", b"")

    def do_POST(self) -> None:  # noqa: N802 (the standard library's name)
        """The API."""
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self._refuse(411, "a request needs a Content-Length")
        elif int(length) > MAX_BODY:
            self._refuse(413, f"a request may have {MAX_BODY} bytes")
        else:
            self._answer("POST", self.rfile.read(int(length)))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library refuses by itself, such as another method, in JSON too."""
        self._refuse(code, message or "malformed request")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the standard library's name)
        """Keeps the access log quiet unless debugging."""
        _log.debug(format, *args)

    def _answer(self, method: str, body: bytes) -> None:
        path = self.path.partition("?")[0]
        try:
            if path.startswith("/preview/"):
                self._send_json(*self.server.preview.answer(path))
            elif path.lower().startswith("/v1/"):
                self._send_json(*self.server.api.answer(method, path, body))
            else:
                self._send_json(404, {"error": f"Not found: {path}"})
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        except Exception:
            _log.exception("%s %s failed", method, path)
            self._refuse(500, "internal error; see the server's log")

    def _refuse(self, status: int, message: str) -> None:
        self.close_connection = True  # what is left of the request is not read
        self._send_json(status, {"error": message})

    def _send_json(self, status: int, document: dict) -> None:
        self._send(status, "application/json", json.dumps(document).encode())

    def _send(self, status: int, content_type: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()
