"""The routes of TF Serving's REST API over models in this process: status, metadata and predict.

The paths, codes and messages follow tensorflow_serving/model_servers/http_rest_api_{handler,util}.cc.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from tensorflow.core.protobuf import meta_graph_pb2

from tfgan_thyroid.serving.preview import predict_request
from tfgan_thyroid.serving.preview.api_errors import ApiError, invalid
from tfgan_thyroid.serving.preview.batcher import Batcher
from tfgan_thyroid.serving.preview.loaded_version import LoadedVersion, dtype_name
from tfgan_thyroid.serving.preview.served_model import ServedModel

_SELECTION = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_PREDICT_PATH = re.compile(rf"/v1/models/(?P<model>[^/:]+){_SELECTION}:(?P<method>classify|regress|predict)", re.I)
_STATUS_PATH = re.compile(rf"/v1/models(?:/(?P<model>[^/:]+))?{_SELECTION}(?:/(?P<metadata>metadata))?", re.I)
_LARGEST_VERSION = 2**63 - 1


class RestApi:
    """Answers requests.

    Args:
        models: by name.
        max_batch_size: rows of a batch; a request with more is refused, as TF Serving does when it batches.
    """

    def __init__(self, models: Mapping[str, ServedModel], max_batch_size: int) -> None:
        self._models = models
        self._batcher = Batcher(max_batch_size)
        self._max_batch_size = max_batch_size

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """The HTTP status and the JSON document that answer a request; nothing is raised for a bad one.

        Args:
            method: of HTTP.
            path: without its query.
            body: of the request.
        """
        try:
            return 200, self._answer(method, path, body)
        except ApiError as error:
            return error.http_status, {"error": error.message}
        except RecursionError:
            return 400, {"error": "JSON Parse error: nested too deeply"}

    def _answer(self, method: str, path: str, body: bytes) -> dict[str, Any]:
        match = {"GET": _STATUS_PATH, "POST": _PREDICT_PATH}[method].fullmatch(path)
        if match is None:
            raise invalid(f"Malformed request: {method} {path}")
        if not match["model"]:
            raise invalid("Missing model name in request.")
        name = unquote(match["model"])
        version = _number(match["version"])
        if method == "POST":
            if match["method"].lower() != "predict":
                raise ApiError("UNIMPLEMENTED", f"{match['method']} is not offered here; use predict")
            return self._predict(name, version, match["label"], body)
        if match["metadata"]:
            version, loaded = self._loaded(name, version, match["label"])
            return _metadata(name, version, loaded)
        self._refuse_label(match["label"])
        if name not in self._models:
            raise ApiError("NOT_FOUND", f"Could not find any versions of model {name}")
        return {
            "model_version_status": [
                {
                    "version": str(status.version),
                    "state": status.state,
                    "status": {"error_code": status.code, "error_message": status.message},
                }
                for status in self._models[name].statuses(version)
            ]
        }

    def _predict(self, name: str, version: int | None, label: str | None, body: bytes) -> dict[str, Any]:
        found: list[LoadedVersion] = []

        def inputs_of(signature: str) -> dict:
            found.append(self._loaded(name, version, label)[1])
            return found[0].inputs(signature)

        request = predict_request.parse(body, inputs_of)
        sizes = [len(array) for array in request.inputs.values() if array.ndim]
        if max(sizes, default=0) > self._max_batch_size:
            raise invalid(f"Task size {max(sizes)} is larger than maximum input batch size {self._max_batch_size}")
        outputs = self._batcher.run(found[0], request.signature, request.inputs)
        return predict_request.answer(outputs, request.row)

    def _loaded(self, name: str, version: int | None, label: str | None) -> tuple[int, LoadedVersion]:
        self._refuse_label(label)
        if name not in self._models:
            asked = f"Latest({name})" if version is None else f"Specific({name}, {version})"
            raise ApiError("NOT_FOUND", f"Servable not found for request: {asked}")
        return self._models[name].version(version)

    @staticmethod
    def _refuse_label(label: str | None) -> None:
        if label is not None:
            raise invalid(f"Unrecognized servable version label: {unquote(label)}")


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if int(text[:20]) > _LARGEST_VERSION:
        raise invalid(f"Failed to convert version: {text} to numeric.")
    return int(text)


def _metadata(name: str, version: int, loaded: LoadedVersion) -> dict[str, Any]:
    signatures = {
        signature: {
            "inputs": {key: _tensor(info) for key, info in sorted(definition.inputs.items())},
            "outputs": {key: _tensor(info) for key, info in sorted(definition.outputs.items())},
            "method_name": definition.method_name,
        }
        for signature, definition in sorted(loaded.signatures.items())
    }
    return {
        "model_spec": {"name": name, "signature_name": "", "version": str(version)},
        "metadata": {"signature_def": {"signature_def": signatures}},
    }


def _tensor(info: meta_graph_pb2.TensorInfo) -> dict[str, Any]:
    shape = info.tensor_shape
    return {
        "dtype": dtype_name(info),
        "tensor_shape": {
            "dim": [{"size": str(dim.size), "name": dim.name} for dim in shape.dim],
            "unknown_rank": shape.unknown_rank,
        },
        "name": info.name,
    }
