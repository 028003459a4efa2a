"""JSON values to arrays and back by the rules of TF Serving's REST API: strict types, `b64` for bytes. No TensorFlow.

Follows https://www.tensorflow.org/tfx/serving/api_rest, section "JSON mapping", and the checks of
tensorflow_serving/util/json_tensor.cc.
"""

import base64
import binascii
import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfgan_thyroid.serving.preview.api_errors import ApiError, invalid

BYTES_SUFFIX = "_bytes"
"""Of the names of string outputs that hold bytes: they are answered as `b64` objects."""

_NUMPY_TYPES: dict[str, type] = {
    "float": np.float32,
    "double": np.float64,
    "int8": np.int8,
    "int16": np.int16,
    "int32": np.int32,
    "int64": np.int64,
    "uint8": np.uint8,
    "uint32": np.uint32,
    "uint64": np.uint64,
    "bool": np.bool_,
    "string": object,
}
_INTEGER_RANGES = {
    "int64": (-(2**63), 2**63 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
    # The smaller types are read as 32-bit integers.
    **dict.fromkeys(("int8", "int16", "int32", "uint8"), (-(2**31), 2**31 - 1)),
}
_LARGEST_INTEGER = {"float": 2**24 - 1, "double": 2**53 - 1}
_DEEPEST = 32  # dimensions that NumPy's arrays may have, on both stacks
_SHOWN = 200  # characters of a wrong value in a message


@dataclass(frozen=True)
class TensorInfo:
    """An input or output of a signature.

    Attributes:
        tensor: its name in the graph, such as `serving_default_seed:0`.
        dtype: TensorFlow's name of the type, such as `int64`.
        shape: sizes, -1 where free; None when even the rank is free.
    """

    tensor: str
    dtype: str
    shape: tuple[int, ...] | None


def to_array(value: Any, dtype: str) -> np.ndarray:
    """A JSON value as an array whose shape is its nesting.

    Args:
        value: a number, string, boolean, `b64` object, or nested lists of one of them.
        dtype: TensorFlow's name of the type that is wanted.

    Returns:
        An array of that type; of bytes objects for `string`.

    Raises:
        ApiError: a value of another type, a ragged list or bad base64.
    """
    if dtype not in _NUMPY_TYPES:
        raise ApiError("UNIMPLEMENTED", f"Conversion of JSON Value: {shown(value)} to type: {dtype}")
    shape = _shape(value)
    if len(shape) > _DEEPEST:
        raise invalid(f"Encountered lists nested {len(shape)} deep, expected at most {_DEEPEST}")
    flat: list[Any] = []
    _flatten(value, 0, shape, dtype, flat)
    array: np.ndarray = np.empty(len(flat), _NUMPY_TYPES[dtype])
    if flat:
        array[:] = np.array(flat).astype(_NUMPY_TYPES[dtype]) if dtype != "string" else flat
    return array.reshape(shape)


def to_json(name: str, array: np.ndarray) -> Any:
    """An output as a JSON value.

    Args:
        name: of the output; decides how strings are written.
        array: of numbers, booleans or bytes objects.
    """
    if array.dtype.kind not in "OS":
        return array.tolist()
    if name.endswith(BYTES_SUFFIX):
        return _map_leaves(array.tolist(), lambda raw: {"b64": base64.b64encode(raw).decode()})
    return _map_leaves(array.tolist(), lambda raw: raw.decode("utf-8", "replace"))


def is_b64(value: Any) -> bool:
    """Whether a JSON value is `{"b64": STRING}`, which stands for bytes."""
    return isinstance(value, dict) and set(value) == {"b64"} and isinstance(value["b64"], str)


def shown(value: Any) -> str:
    """A JSON value for a message, shortened."""
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _shape(value: Any) -> tuple[int, ...]:
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return tuple(shape)


def _flatten(value: Any, level: int, shape: tuple[int, ...], dtype: str, flat: list[Any]) -> None:
    if not isinstance(value, list):
        if level != len(shape):
            raise invalid(
                f"JSON Value: {shown(value)} found at incorrect level: {level + 1} in the JSON DOM. "
                f"Expected at level: {len(shape)}"
            )
        flat.append(_leaf(value, dtype))
        return
    if level >= len(shape):
        raise invalid(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        raise invalid(
            f"Encountered list at unexpected size: {len(value)} at level: {level} expected size: {shape[level]}"
        )
    for item in value:
        _flatten(item, level + 1, shape, dtype, flat)


def _leaf(value: Any, dtype: str) -> Any:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if dtype in _LARGEST_INTEGER and number:
        return _decimal(value, dtype)
    if dtype in _INTEGER_RANGES and number and isinstance(value, int):
        low, high = _INTEGER_RANGES[dtype]
        if low <= value <= high:
            return value
    if dtype == "bool" and isinstance(value, bool):
        return value
    if dtype == "string" and isinstance(value, str):
        return value.encode()
    if dtype == "string" and isinstance(value, dict):
        return _decoded(value)
    raise invalid(f"JSON Value: {shown(value)} Type: {_type_name(value)} is not of expected type: {dtype}")


def _decimal(value: int | float, dtype: str) -> int | float:
    limit = float(np.finfo(_NUMPY_TYPES[dtype]).max)
    fits = abs(value) <= _LARGEST_INTEGER[dtype] if isinstance(value, int) else abs(value) <= limit
    if fits or not math.isfinite(value):
        return value
    raise invalid(f"Cannot convert JSON value: {shown(value)} to {dtype} without loss of precision.")


def _decoded(value: dict) -> bytes:
    if not is_b64(value):
        raise invalid(f"JSON Value: {shown(value)} not formatted correctly for base64 data")
    text = "".join(value["b64"].split())  # base64(1) and MIME break their lines, and TF Serving skips white space
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise invalid("Unable to base64 decode") from None


def _type_name(value: Any) -> str:
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return str(value)
    names = {dict: "Object", list: "Array", str: "String", int: "Number", float: "Number"}
    return names[type(value)]


def _map_leaves(value: Any, change: Any) -> Any:
    if isinstance(value, list):
        return [_map_leaves(item, change) for item in value]
    return change(value)
