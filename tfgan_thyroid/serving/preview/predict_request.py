"""The body of a `:predict` request to arrays by name, and outputs to the body of its answer."""

import json
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import tensorflow as tf

from tfgan_thyroid.serving.preview.api_errors import ApiError
from tfgan_thyroid.serving.preview.json_tensors import is_b64, shown, to_array, to_json

DEFAULT_SIGNATURE = "serving_default"


def parse(body: bytes, inputs_of: Callable[[str], dict[str, tf.TensorSpec]]) -> tuple[str, dict[str, np.ndarray], bool]:
    """Reads a request in row form (`instances`) or column form (`inputs`).

    Returns:
        The signature's name, arrays by input name, and whether the request came in row form.

    Raises:
        ApiError: the body is no such request.
    """
    try:
        document = json.loads(body)
    except ValueError as error:
        raise ApiError(f"the body is not JSON: {error}") from None
    if not isinstance(document, dict) or ("instances" in document) == ("inputs" in document):
        raise ApiError("the body must be an object with either 'instances' (row form) or 'inputs' (column form)")
    signature = str(document.get("signature_name") or DEFAULT_SIGNATURE)
    wanted = inputs_of(signature)
    row = "instances" in document
    values = _columns(document["instances"], wanted) if row else _by_name(document["inputs"], wanted)
    inputs = {name: to_array(name, values[name], np.dtype(spec.dtype.as_numpy_dtype)) for name, spec in wanted.items()}
    return signature, inputs, row


def answer(outputs: dict[str, np.ndarray], row: bool) -> dict[str, Any]:
    """The body of the answer; a lone output stands without its name.

    Args:
        outputs: arrays by output name.
        row: `predictions`, one entry an instance, instead of `outputs`.

    Raises:
        ApiError: the outputs cannot be split in rows.
    """
    values = {name: to_json(name, array) for name, array in sorted(outputs.items())}
    first = next(iter(values.values()))
    if not row:
        return {"outputs": first if len(values) == 1 else values}
    sizes = {array.shape[:1] for array in outputs.values()}
    if len(sizes) > 1 or () in sizes:
        raise ApiError("the outputs have no common number of rows: ask in column form, by 'inputs'")
    if len(values) == 1:
        return {"predictions": first}
    return {"predictions": [dict(zip(values, items, strict=True)) for items in zip(*values.values(), strict=True)]}


def _columns(rows: Any, names: Collection[str]) -> dict[str, list]:
    if not isinstance(rows, list) or len({_is_named(row) for row in rows}) != 1:
        raise ApiError("'instances' must be a list of one or more rows, either all by input name or all without")
    named = [_by_name(row, names) for row in rows]
    return {name: [row[name] for row in named] for name in names}


def _by_name(value: Any, names: Collection[str]) -> dict[str, Any]:
    """Values by input name; that of a lone input may stand without it."""
    if not _is_named(value) and len(names) == 1:
        return dict.fromkeys(names, value)
    if not _is_named(value) or set(value) != set(names):
        raise ApiError(f"this signature takes an object with {', '.join(names)}, not {shown(value)}")
    return value


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and not is_b64(value)
