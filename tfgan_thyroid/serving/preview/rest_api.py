"""TF Serving's REST API over models in this process: status, metadata and predict."""

import re
from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict

from tfgan_thyroid.serving.preview import predict_request
from tfgan_thyroid.serving.preview.api_errors import ApiError
from tfgan_thyroid.serving.preview.batcher import Batcher
from tfgan_thyroid.serving.preview.loaded_version import LoadedVersion
from tfgan_thyroid.serving.preview.served_model import ServedModel

_PATH = re.compile(r"models/(?P<model>[^/:]+)(/versions/(?P<version>\d{1,18}))?(?P<action>/metadata|:predict)?")


class RestApi:
    """Answers requests to models by name; more rows than a batch are refused, as by TF Serving when it batches."""

    def __init__(self, models: Mapping[str, ServedModel], max_batch_size: int) -> None:
        self._models = models
        self._batcher = Batcher(max_batch_size)
        self._max_batch_size = max_batch_size

    def answer(self, method: str, path: str, body: bytes) -> dict[str, Any]:
        """The JSON document that answers a request.

        Args:
            method: of HTTP.
            path: behind `/v1/`, without its query.
            body: of the request.

        Raises:
            ApiError: the request is wrong, or asks for what is not served.
        """
        match = _PATH.fullmatch(path)
        if match is None or (method == "POST") != (match["action"] == ":predict"):
            raise ApiError(
                f"{method} /v1/{path} is not served; GET /v1/models/NAME[/versions/N][/metadata] and "
                "POST /v1/models/NAME[/versions/N]:predict are"
            )
        name = match["model"]
        if name not in self._models:
            raise ApiError(f"no model is named {name}; served: {', '.join(self._models)}", 404)
        asked = None if match["version"] is None else int(match["version"])
        if match["action"] is None:
            return {"model_version_status": self._models[name].statuses(asked)}
        version, loaded = self._models[name].version(asked)
        return _metadata(name, version, loaded) if match["action"] == "/metadata" else self._predict(loaded, body)

    def _predict(self, loaded: LoadedVersion, body: bytes) -> dict[str, Any]:
        try:
            signature, inputs, row = predict_request.parse(body, loaded.inputs)
        except RecursionError:
            raise ApiError("the body is nested too deep") from None
        rows = max((len(array) for array in inputs.values() if array.ndim), default=0)
        if rows > self._max_batch_size:
            raise ApiError(f"{rows} rows are more than the {self._max_batch_size} that one request may have")
        return predict_request.answer(self._batcher.run(loaded, signature, inputs), row)


def _metadata(name: str, version: int, loaded: LoadedVersion) -> dict[str, Any]:
    signatures = {
        signature: MessageToDict(definition, preserving_proto_field_name=True)
        for signature, definition in sorted(loaded.signatures.items())
    }
    return {
        "model_spec": {"name": name, "signature_name": "", "version": str(version)},
        "metadata": {"signature_def": {"signature_def": signatures}},
    }
