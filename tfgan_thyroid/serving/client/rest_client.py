"""Asks TF Serving's REST API for images by seed. The standard library alone: no TensorFlow, no NumPy."""

import base64
import binascii
import http.client
import json
import random
import re
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlsplit

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.serving.client.image_client import ImageClient
from tfgan_thyroid.serving.png_files import OUTPUTS

PASSING_STATUSES = {429, 502, 503, 504}
"""HTTP statuses that a later attempt may not meet."""

_UNFIT = re.compile(r"[\x00-\x20\x7f]")  # control characters and spaces

_LONGEST_PAUSE = 8.0  # seconds


class PassingError(UserError):
    """A failure that another attempt may not meet."""


class RestClient(ImageClient):
    """One model of one server.

    Args:
        url: of the server, such as `http://localhost:8501`; `https`, a path before `/v1`, and a name and password
            before the host (percent-encoded) are fine.
        model: its name there.
        version: of the model; None for the newest.
        timeout: seconds that the server may stay silent.
        retries: further attempts after a failure that may pass, with pauses of 0.5, 1, 2, 4, 8, 8... seconds, each
            shortened by chance so that clients do not come back together.
        pause: waits for a number of seconds.

    Raises:
        UserError: the URL is none.
    """

    def __init__(
        self,
        url: str,
        model: str,
        version: int | None = None,
        timeout: float = 30.0,
        retries: int = 4,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = _split(url)
        self.url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"
        self.model = model
        self._retries = retries
        self._pause = pause
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname or "", parts.port, timeout=timeout)
        self._headers = {"Content-Type": "application/json"}
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
        self._path = f"{parts.path.rstrip('/')}/v1/models/{quote(model, safe='')}"
        if version is not None:
            self._path += f"/versions/{version}"

    def close(self) -> None:
        """Closes the connection; another request opens it again."""
        self._connection.close()

    def status(self) -> list[dict[str, Any]]:
        """What the server says of each version: `version`, `state` and `status`."""
        return self._field(self._ask("GET", "", None), "model_version_status")

    def metadata(self) -> dict[str, Any]:
        """The signatures of the model by name."""
        return self._field(self._ask("GET", "/metadata", None), "metadata")["signature_def"]["signature_def"]

    def predict(self, body: dict[str, Any]) -> Any:
        """The `predictions` for a request in row form: `instances`, and `signature_name` where not the default."""
        return self._field(self._ask("POST", ":predict", body), "predictions")

    def _rows(self, seeds: Sequence[int]) -> list[dict[str, bytes]]:
        predictions = self.predict({"instances": list(seeds)})
        return [self._row(prediction) for prediction in predictions] if isinstance(predictions, list) else []

    def _row(self, prediction: Any) -> dict[str, bytes]:
        # Several outputs stand by name, one alone does not.
        several = isinstance(prediction, dict) and "image_bytes" in prediction
        outputs = prediction if several else {"image_bytes": prediction}
        try:
            return {name: base64.b64decode(outputs[name]["b64"], validate=True) for name in OUTPUTS if name in outputs}
        except (TypeError, KeyError, binascii.Error):
            raise UserError(f"{self.url}: the default signature of {self.model} answers no image_bytes") from None

    def _field(self, document: dict[str, Any], name: str) -> Any:
        if name not in document:
            raise UserError(f"{self.url} answered no {name}: is it TF Serving?")
        return document[name]

    def _ask(self, method: str, action: str, body: dict[str, Any] | None) -> dict[str, Any]:
        """One request, repeated while its failure may pass."""
        for attempt in range(self._retries + 1):
            try:
                return self._ask_once(method, self._path + action, body)
            except PassingError as error:
                if attempt == self._retries:
                    raise UserError(f"{error} (attempts: {attempt + 1})") from None
            self._pause(min(0.5 * 2**attempt, _LONGEST_PAUSE) * random.uniform(0.5, 1.0))
        raise AssertionError("unreachable")

    def _ask_once(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        try:
            content = None if body is None else json.dumps(body).encode()
            self._connection.request(method, path, content, self._headers)
            response = self._connection.getresponse()
            answer = response.read()
        except http.client.IncompleteRead as error:
            self._connection.close()
            raise PassingError(f"the answer of {self.url} broke off after {len(error.partial)} bytes") from None
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise PassingError(f"cannot reach {self.url}: {_reason(error)}; is the server running?") from None
        try:
            document = json.loads(answer)
        except ValueError:
            document = None
        if response.status == http.HTTPStatus.OK:
            if isinstance(document, dict):
                return document
            raise UserError(f"{self.url} answered something else than a JSON object: is it TF Serving?")
        told = document["error"] if isinstance(document, dict) and "error" in document else response.reason
        if response.status == http.HTTPStatus.NOT_FOUND:
            raise UserError(
                f"{self.url} does not serve {path}: {told}; check --model and --model-version, and whether the model "
                "has loaded"
            )
        kind = PassingError if response.status in PASSING_STATUSES else UserError
        raise kind(f"{self.url} answered {response.status}: {told}")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        (parts.hostname or "").encode("idna")
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        if whole and not _UNFIT.search(url) and parts.path.isascii() and not parts.query and not parts.fragment:
            return parts
    except ValueError:  # a port, an IPv6 address or a name that is none
        pass
    shown = url.rpartition("@")[2]  # without name and password
    raise UserError(f"--url: {shown!r} is no address of a server: give one like http://localhost:8501")


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, http.client.RemoteDisconnected):
        return "it hung up without an answer"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
