"""JSON values to arrays and back by the rules of TF Serving's REST API: strict types, `b64` for bytes. No TensorFlow.

https://www.tensorflow.org/tfx/serving/api_rest, section "JSON mapping".
"""

import base64
import json
import math
from typing import Any

import numpy as np

from tfgan_thyroid.serving.preview.api_errors import ApiError

BYTES_SUFFIX = "_bytes"
"""Of the names of string outputs that hold bytes: they are answered as `b64` objects."""

_JSON_TYPES: dict[str, tuple[type, ...]] = {"f": (int, float), "i": (int,), "u": (int,), "b": (bool,), "O": (str, dict)}
"""By the kind of the NumPy type; compared exactly, since Python's bool is an int."""

_SHOWN = 200  # characters of a wrong value in a message


def to_array(name: str, value: Any, dtype: np.dtype) -> np.ndarray:
    """A JSON value as an array whose shape is its nesting.

    Args:
        name: of the input, for messages.
        value: a number, string, boolean, `b64` object, or nested lists of one of them.
        dtype: `object` gives bytes.

    Raises:
        ApiError: a value of another type, a ragged list or bad base64.
    """
    if dtype.kind not in _JSON_TYPES:
        raise ApiError(f"input {name} is of type {dtype}, which JSON has no form for", 501)
    nested = np.array(value, object)  # what is nested irregularly, or too deep, stays a list and is refused as such
    leaves = [_leaf(name, leaf, dtype) for leaf in nested.ravel().tolist()]
    return np.array(leaves, dtype).reshape(nested.shape)


def to_json(name: str, array: np.ndarray) -> Any:
    """An output as a JSON value; bytes are `b64` objects or text, as the output's name says."""
    if array.dtype != object:
        return array.tolist()
    as_bytes = name.endswith(BYTES_SUFFIX)
    leaves = [
        {"b64": base64.b64encode(raw).decode()} if as_bytes else raw.decode("utf-8", "replace") for raw in array.ravel()
    ]
    return np.array(leaves, object).reshape(array.shape).tolist()


def is_b64(value: Any) -> bool:
    """Whether a JSON value is `{"b64": STRING}`, which stands for bytes."""
    return isinstance(value, dict) and set(value) == {"b64"} and isinstance(value["b64"], str)


def shown(value: Any) -> str:
    """A JSON value for a message, shortened."""
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _leaf(name: str, value: Any, dtype: np.dtype) -> Any:
    if type(value) in _JSON_TYPES[dtype.kind]:
        if isinstance(value, str):
            return value.encode()
        if isinstance(value, dict):
            return _decoded(name, value)
        if dtype.kind == "b" or _fits(value, dtype):
            return value
    wanted = "string" if dtype.kind == "O" else dtype.name
    raise ApiError(f"input {name} takes values of type {wanted}, in lists of equal lengths, not {shown(value)}")


def _fits(number: int | float, dtype: np.dtype) -> bool:
    if dtype.kind == "f":
        return not float(np.finfo(dtype).max) < abs(number) < math.inf
    limits = np.iinfo(dtype)
    return limits.min <= number <= limits.max


def _decoded(name: str, value: dict) -> bytes:
    if is_b64(value):
        text = "".join(value["b64"].split())  # base64(1) breaks its lines, and TF Serving skips white space
        try:
            return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        except ValueError:
            pass
    raise ApiError(f'input {name} takes bytes as {{"b64": BASE64}}, not {shown(value)}')
