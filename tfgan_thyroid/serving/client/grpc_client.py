"""Asks TF Serving's gRPC API for images by seed; needs the `serving` extra."""

import json
import re
from collections.abc import Sequence
from typing import Any

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.serving.client.image_client import ImageClient
from tfgan_thyroid.serving.png_files import OUTPUTS

MAX_MESSAGE = 256 * 2**20
"""Bytes of an answer; gRPC's own limit of 4 MiB holds some 60 images of 256x256 pixels."""

_PASSING_CODES = ("UNAVAILABLE", "RESOURCE_EXHAUSTED")


class GrpcClient(ImageClient):
    """One model of one server.

    Args:
        address: host and port, such as `localhost:8500`; the channel is not encrypted.
        model: its name there.
        version: of the model; None for the newest.
        timeout: seconds for one request.
        retries: further attempts while the server is unavailable, which gRPC itself makes.

    Raises:
        UserError: the address is none, or the `serving` extra is not installed.
    """

    def __init__(
        self, address: str, model: str, version: int | None = None, timeout: float = 30.0, retries: int = 4
    ) -> None:
        host, _, port = address.rpartition(":")
        if not re.fullmatch(r"[\w.-]+|\[[0-9a-fA-F:.]+\]", host) or not port.isdecimal() or not 0 < int(port) < 2**16:
            shown = address.rpartition("@")[2]  # without name and password
            raise UserError(f"--grpc: {shown!r} is no HOST:PORT, such as localhost:8500")
        try:
            import grpc
            from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc
        except ImportError as error:
            raise UserError(f"--grpc needs the serving extra: pip install 'tfgan-thyroid[serving]' ({error})") from None
        self.url = address
        self.model = model
        self._version = version
        self._timeout = timeout
        self._request_type = predict_pb2.PredictRequest
        self._failure: Any = grpc.RpcError
        self._channel = grpc.insecure_channel(address, options=_channel_options(retries))
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()

    def _rows(self, seeds: Sequence[int]) -> list[dict[str, bytes]]:
        request = self._request_type()
        request.model_spec.name = self.model
        if self._version is not None:
            request.model_spec.version.value = self._version
        tensor = request.inputs["seed"]
        tensor.dtype = 9  # DT_INT64
        tensor.tensor_shape.dim.add(size=len(seeds))
        tensor.int64_val.extend(seeds)
        try:
            response = self._stub.Predict(request, timeout=self._timeout)
        except self._failure as error:
            raise UserError(f"{self.url}: {error.code().name}: {error.details()}") from None
        outputs = {name: response.outputs[name].string_val for name in OUTPUTS if name in response.outputs}
        return [dict(zip(outputs, pngs, strict=True)) for pngs in zip(*outputs.values(), strict=False)]


def _channel_options(retries: int) -> list[tuple[str, object]]:
    policy = {
        "maxAttempts": min(retries + 1, 5),  # gRPC's own bound
        "initialBackoff": "0.5s",
        "maxBackoff": "8s",
        "backoffMultiplier": 2,
        "retryableStatusCodes": list(_PASSING_CODES),
    }
    options: list[tuple[str, object]] = [("grpc.max_receive_message_length", MAX_MESSAGE)]
    if retries:
        options.append(("grpc.service_config", json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": policy}]})))
    return options
