"""One SavedModel version in memory, loaded by its tags and signatures alone, as TF Serving's loader does."""

import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from tfgan_thyroid.serving.preview.api_errors import ApiError, invalid
from tfgan_thyroid.serving.preview.json_tensors import TensorInfo

PREDICT_METHOD = "tensorflow/serving/predict"
_CODES = {getattr(tf.errors, name): name for name in vars(tf.errors) if name.isupper()}


class LoadedVersion:
    """A session over the graph of a SavedModel; closed when nobody holds this object any more.

    Args:
        directory: of the version.

    Raises:
        OSError, RuntimeError, tf.errors.OpError: it does not hold a SavedModel that can be read.
    """

    def __init__(self, directory: Path) -> None:
        graph = tf.Graph()
        session = tf.compat.v1.Session(graph=graph)
        weakref.finalize(self, session.close)
        with graph.as_default():
            loaded = tf.compat.v1.saved_model.load(session, [tf.saved_model.SERVING], str(directory))
        self.signatures: dict[str, meta_graph_pb2.SignatureDef] = dict(loaded.signature_def)
        self._session = session
        self._calls: dict[str, Callable[..., list]] = {}
        self._lock = threading.Lock()

    def inputs(self, signature: str) -> dict[str, TensorInfo]:
        """The inputs of a signature by name.

        Raises:
            ApiError: there is no such signature.
        """
        return {name: tensor_info(info) for name, info in sorted(self._find(signature).inputs.items())}

    def run(self, signature: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs of a signature by name.

        Args:
            signature: its name.
            inputs: an array of the right type for each input.

        Raises:
            ApiError: an input has the wrong name or shape, or the graph failed.
        """
        wanted = self.inputs(signature)
        if set(inputs) != set(wanted):
            raise invalid(f"input size does not match signature: {len(inputs)}!={len(wanted)}")
        for name, info in wanted.items():
            if not _fits(inputs[name].shape, info.shape):
                raise invalid(
                    f"input {name} has shape {list(inputs[name].shape)}, the signature wants {list(info.shape or ())}"
                )
        try:
            values = self._call(signature)(*(inputs[name] for name in wanted))
        except tf.errors.OpError as error:
            raise ApiError(_CODES.get(error.error_code, "UNKNOWN"), error.message.splitlines()[0]) from None
        return dict(zip(sorted(self.signatures[signature].outputs), values, strict=True))

    def _find(self, signature: str) -> meta_graph_pb2.SignatureDef:
        if signature not in self.signatures:
            raise invalid(f'Serving signature name: "{signature}" not found in signature def')
        return self.signatures[signature]

    def _call(self, signature: str) -> Callable[..., list]:
        with self._lock:
            if signature not in self._calls:
                definition = self.signatures[signature]
                graph = self._session.graph
                self._calls[signature] = self._session.make_callable(
                    [graph.get_tensor_by_name(info.name) for _, info in sorted(definition.outputs.items())],
                    [graph.get_tensor_by_name(info.name) for _, info in sorted(definition.inputs.items())],
                )
            return self._calls[signature]


def tensor_info(proto: meta_graph_pb2.TensorInfo) -> TensorInfo:
    """A signature's input or output in plain Python."""
    shape = proto.tensor_shape
    sizes = None if shape.unknown_rank else tuple(dim.size for dim in shape.dim)
    return TensorInfo(proto.name, dtype_name(proto).removeprefix("DT_").lower(), sizes)


def dtype_name(proto: meta_graph_pb2.TensorInfo) -> str:
    """The type as protocol buffers name it, such as `DT_INT64`."""
    return types_pb2.DataType.Name(proto.dtype)


def _fits(shape: tuple[int, ...], wanted: tuple[int, ...] | None) -> bool:
    if wanted is None:
        return True
    return len(shape) == len(wanted) and all(w in (-1, s) for s, w in zip(shape, wanted, strict=True))
