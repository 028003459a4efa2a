"""The body of a `:predict` request to arrays by name, and outputs to the body of its answer. No TensorFlow."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfgan_thyroid.serving.preview.api_errors import ApiError, invalid
from tfgan_thyroid.serving.preview.json_tensors import TensorInfo, is_b64, shown, to_array, to_json

DEFAULT_SIGNATURE = "serving_default"


@dataclass(frozen=True)
class PredictRequest:
    """A request, read.

    Attributes:
        signature: name of the signature.
        inputs: arrays by input name.
        row: whether it came as `instances` and is to be answered as `predictions`.
    """

    signature: str
    inputs: dict[str, np.ndarray]
    row: bool


def parse(body: bytes, inputs_of: Callable[[str], dict[str, TensorInfo]]) -> PredictRequest:
    """Reads a request in row form (`instances`) or column form (`inputs`).

    Args:
        body: JSON text.
        inputs_of: the inputs of a signature by its name; raises `ApiError` where there is none.

    Raises:
        ApiError: the body is no such request.
    """
    document = _document(body)
    signature = document.get("signature_name", DEFAULT_SIGNATURE)
    if not isinstance(signature, str):
        raise invalid(
            f"JSON Value: {shown(document)} not formatted correctly. 'signature_name' key must be a string value."
        )
    signature = signature or DEFAULT_SIGNATURE
    wanted = inputs_of(signature)
    if not wanted:
        raise invalid(f"Failed to get input map for signature: {signature}")
    if "instances" in document and "inputs" in document:
        raise invalid(
            f"JSON Value: {shown(document)} Not formatted correctly expecting only one of 'inputs' or 'instances' "
            "keys to exist "
        )
    if "instances" in document:
        return PredictRequest(signature, _from_rows(document["instances"], wanted, document), row=True)
    if "inputs" in document:
        return PredictRequest(signature, _from_columns(document["inputs"], wanted), row=False)
    raise invalid("Missing 'inputs' or 'instances' key")


def answer(outputs: dict[str, np.ndarray], row: bool) -> dict[str, Any]:
    """The body of the answer; a lone output stands without its name.

    Args:
        outputs: arrays by output name.
        row: `predictions`, one entry an instance, instead of `outputs`.

    Raises:
        ApiError: the outputs cannot be split in rows.
    """
    values = {name: to_json(name, array) for name, array in sorted(outputs.items())}
    if not row:
        return {"outputs": next(iter(values.values())) if len(values) == 1 else values}
    size = None
    for name, array in sorted(outputs.items()):
        if array.ndim == 0:
            raise invalid(f"Tensor name: {name} has no shape information ")
        if size is not None and len(array) != size:
            raise invalid(f"Tensor name: {name} has inconsistent batch size: {len(array)} expecting: {size}")
        size = len(array)
    if len(values) == 1:
        return {"predictions": next(iter(values.values()))}
    rows = zip(*values.values(), strict=True)
    return {"predictions": [dict(zip(values, items, strict=True)) for items in rows]}


def _document(body: bytes) -> dict[str, Any]:
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    try:
        document = json.loads(body)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(f"JSON Parse error: {error}") from None
    if not isinstance(document, dict):
        raise invalid(f"JSON Value: {shown(document)} Is not object")
    return document


def _from_rows(rows: Any, wanted: dict[str, TensorInfo], document: dict[str, Any]) -> dict[str, np.ndarray]:
    if not isinstance(rows, list):
        raise invalid(f"JSON Value: {shown(document)} Excepting 'instances' to be an list/array")
    if not rows:
        raise invalid(f"JSON Value: {shown(document)} No values in 'instances' array")
    named = _is_named(rows[0])
    if not named and len(wanted) > 1:
        raise invalid(
            "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
            "tensorinfo_map"
        )
    arrays: dict[str, list[np.ndarray]] = {name: [] for name in wanted}
    for index, row in enumerate(rows):
        if _is_named(row) != named:
            expected, got = ("object", "list") if named else ("value/list", "object")
            raise invalid(f"Expecting {expected} but got {got} at item {index} of input list")
        values = row if named else {next(iter(wanted)): row}
        for name, value in values.items():
            key = f" key: {name}" if named else ""
            try:
                _add_row(name, value, wanted, arrays)
            except ApiError as error:
                raise invalid(
                    f"Failed to process element: {index}{key} of 'instances' list. Error: {error.code}: {error.message}"
                ) from None
        if set(values) != set(wanted):
            raise invalid(
                f"Failed to process element: {index} of 'instances' list. JSON object: {shown(row)} keys must be "
                f"equal to: {','.join(sorted(wanted))}"
            )
    return {name: np.stack(values) for name, values in arrays.items()}


def _add_row(name: str, value: Any, wanted: dict[str, TensorInfo], arrays: dict[str, list[np.ndarray]]) -> None:
    if name not in wanted:
        raise invalid(f"JSON object: does not have named input: {name}")
    array = to_array(value, wanted[name].dtype)
    rows = arrays[name]
    if rows and rows[0].size != array.size:
        raise invalid(f"Expecting tensor size: {rows[0].size} but got: {array.size}")
    if rows and rows[0].shape != array.shape:
        raise invalid(f"Expecting shape {_sizes(rows[0])} but got: {_sizes(array)}")
    rows.append(array)


def _from_columns(columns: Any, wanted: dict[str, TensorInfo]) -> dict[str, np.ndarray]:
    if not _is_named(columns):
        if len(wanted) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as multiple input tensors required as per "
                "tensorinfo_map"
            )
        name, info = next(iter(wanted.items()))
        return {name: to_array(columns, info.dtype)}
    for name in wanted:
        if name not in columns:
            raise invalid(f"Missing named input: {name} in 'inputs' object.")
    return {name: to_array(columns[name], info.dtype) for name, info in wanted.items()}


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and not is_b64(value)


def _sizes(array: np.ndarray) -> str:
    return f"[{','.join(map(str, array.shape))}]"
