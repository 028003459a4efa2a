"""Warm-up records: requests that TF Serving plays to a version before it answers anybody else.

`assets.extra/tf_serving_warmup_requests` is a TFRecord file of `tensorflow.serving.PredictionLog` messages, 1,000 at
most (https://www.tensorflow.org/tfx/serving/saved_model_warmup). The few messages that are needed are described here,
so that an export does not require tensorflow-serving-api; a test compares the bytes with that package's.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import descriptor_pb2, message_factory
from tensorflow.core.framework import tensor_pb2

FILE = Path("assets.extra") / "tf_serving_warmup_requests"

Request = tuple[str, dict[str, np.ndarray]]
"""A signature and its inputs by name."""

_Field = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "tensorflow.serving"


def write(directory: Path, model: str, requests: Sequence[Request]) -> None:
    """Writes the records of a version of a model, in the order in which they are played."""
    file = directory / FILE
    file.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(file)) as writer:
        for signature, inputs in requests:
            writer.write(record(model, signature, inputs))


def record(model: str, signature: str, inputs: Mapping[str, np.ndarray]) -> bytes:
    """One serialized `PredictionLog` with a `PredictRequest` in it."""
    log = _prediction_log()()
    request = log.predict_log.request
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    for name, array in inputs.items():
        # Through bytes: this message's TensorProto lives in a pool of its own.
        request.inputs[name].ParseFromString(tf.make_tensor_proto(array).SerializeToString())
    return log.SerializeToString(deterministic=True)


def replay(directory: Path, run: Callable[[str, dict[str, np.ndarray]], Any]) -> int:
    """Plays the records of a version, if it has any, to a function of signature name and inputs; returns their number.

    Raises:
        ValueError: the file holds something else.
    """
    if not (directory / FILE).exists():
        return 0
    count = 0
    for serialized in tf.compat.v1.io.tf_record_iterator(str(directory / FILE)):
        log = _prediction_log().FromString(serialized)
        if not log.HasField("predict_log"):
            raise ValueError(f"{directory / FILE}: record {count} is no predict request")
        request = log.predict_log.request
        run(request.model_spec.signature_name, {name: _array(proto) for name, proto in request.inputs.items()})
        count += 1
    return count


def _array(proto: Any) -> np.ndarray:
    return tf.make_ndarray(tensor_pb2.TensorProto.FromString(proto.SerializeToString()))


@cache
def _prediction_log() -> Any:
    """The message class, from the field numbers of tensorflow_serving/apis/{model,predict,prediction_log}.proto."""
    file = descriptor_pb2.FileDescriptorProto(
        name="warmup.proto", package=_PACKAGE, syntax="proto3", dependency=[tensor_pb2.DESCRIPTOR.name]
    )
    spec = file.message_type.add(name="ModelSpec")
    spec.field.add(name="name", number=1, type=_Field.TYPE_STRING, label=_Field.LABEL_OPTIONAL)
    spec.field.add(name="signature_name", number=3, type=_Field.TYPE_STRING, label=_Field.LABEL_OPTIONAL)
    request = file.message_type.add(name="PredictRequest")
    _add_message(request, "model_spec", 1, f".{_PACKAGE}.ModelSpec")
    entry = request.nested_type.add(name="InputsEntry", options=descriptor_pb2.MessageOptions(map_entry=True))
    entry.field.add(name="key", number=1, type=_Field.TYPE_STRING, label=_Field.LABEL_OPTIONAL)
    _add_message(entry, "value", 2, ".tensorflow.TensorProto")
    _add_message(request, "inputs", 2, f".{_PACKAGE}.PredictRequest.InputsEntry", _Field.LABEL_REPEATED)
    _add_message(file.message_type.add(name="PredictLog"), "request", 1, f".{_PACKAGE}.PredictRequest")
    _add_message(file.message_type.add(name="PredictionLog"), "predict_log", 6, f".{_PACKAGE}.PredictLog")
    # Protobuf 3.20, which Python 3.10 takes, has no GetMessageClass; GetMessages is in every version.
    return message_factory.GetMessages([file, *_with_dependencies(tensor_pb2.DESCRIPTOR)])[f"{_PACKAGE}.PredictionLog"]


def _add_message(message: Any, name: str, number: int, type_name: str, label: int = _Field.LABEL_OPTIONAL) -> None:
    message.field.add(name=name, number=number, type=_Field.TYPE_MESSAGE, type_name=type_name, label=label)


def _with_dependencies(file: Any) -> list[descriptor_pb2.FileDescriptorProto]:
    """A copy of a file's description and of each file that it imports."""
    copy = descriptor_pb2.FileDescriptorProto()
    file.CopyToProto(copy)
    return [copy, *(described for dependency in file.dependencies for described in _with_dependencies(dependency))]
