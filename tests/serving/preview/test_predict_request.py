"""JSON to arrays and back for signatures of several inputs and of every type, by TF Serving's documented examples."""

import json
import math

import numpy as np
import pytest

from tfgan_thyroid.serving.preview.api_errors import ApiError
from tfgan_thyroid.serving.preview.json_tensors import TensorInfo, to_array, to_json
from tfgan_thyroid.serving.preview.predict_request import answer, parse

# The example of https://www.tensorflow.org/tfx/serving/api_rest, in row and in column form.
THREE_INPUTS = {
    "tag": TensorInfo("tag:0", "string", (-1,)),
    "signal": TensorInfo("signal:0", "int32", (-1, 5)),
    "sensor": TensorInfo("sensor:0", "float", (-1, 2, 2)),
}
ROWS = [
    {"tag": "foo", "signal": [1, 2, 3, 4, 5], "sensor": [[1, 2], [3, 4]]},
    {"tag": "bar", "signal": [3, 4, 1, 2, 5], "sensor": [[4, 5], [6, 8]]},
]
COLUMNS = {
    "tag": ["foo", "bar"],
    "signal": [[1, 2, 3, 4, 5], [3, 4, 1, 2, 5]],
    "sensor": [[[1, 2], [3, 4]], [[4, 5], [6, 8]]],
}


def read(body, inputs=THREE_INPUTS):
    return parse(json.dumps(body).encode(), lambda signature: inputs)


def refusal(body, inputs=THREE_INPUTS):
    with pytest.raises(ApiError) as refused:
        read(body, inputs)
    assert refused.value.http_status == 400
    return refused.value.message


def test_the_documented_example_reads_the_same_in_both_forms():
    rows, columns = read({"instances": ROWS}), read({"inputs": COLUMNS})
    assert (rows.row, columns.row) == (True, False)
    for name, dtype in (("tag", object), ("signal", np.int32), ("sensor", np.float32)):
        np.testing.assert_array_equal(rows.inputs[name], columns.inputs[name])
        assert rows.inputs[name].dtype == columns.inputs[name].dtype == dtype
    assert rows.inputs["tag"].tolist() == [b"foo", b"bar"]
    assert rows.inputs["sensor"].shape == (2, 2, 2)


def test_several_inputs_need_names():
    assert "expecting list of objects" in refusal({"instances": [1]})
    assert "expecting an object" in refusal({"inputs": [1]})
    assert "keys must be equal to: sensor,signal,tag" in refusal({"instances": [{"tag": "foo"}]})
    assert "Missing named input: signal" in refusal({"inputs": {"tag": ["foo"]}})


def test_the_place_of_a_wrong_value_is_told():
    wrong = [ROWS[0], {**ROWS[1], "signal": [1, 2, 3, 4, "5"]}]
    message = refusal({"instances": wrong})
    assert message.startswith("Failed to process element: 1 key: signal of 'instances' list.")
    assert 'JSON Value: "5" Type: String is not of expected type: int32' in message


@pytest.mark.parametrize(
    ("dtype", "value", "expected"),
    [
        ("bool", [True, False], np.array([True, False])),
        ("uint8", [0, 255], np.array([0, 255], np.uint8)),
        ("int64", [-(2**63), 2**63 - 1], np.array([-(2**63), 2**63 - 1])),
        ("uint64", [2**64 - 1], np.array([2**64 - 1], np.uint64)),
        ("double", 0.1, np.array(0.1)),
        ("float", [1, 0.5, -1e38], np.array([1, 0.5, -1e38], np.float32)),
        ("float", [], np.zeros([0], np.float32)),
        ("string", {"b64": "/w"}, np.array(b"\xff", object)),
    ],
)
def test_each_type_is_read_exactly(dtype, value, expected):
    array = to_array(value, dtype)
    assert array.dtype == expected.dtype
    np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("bool", 1),
        ("int64", True),
        ("int64", 1.0),
        ("int64", 2**63),
        ("uint64", -1),
        ("float", "1"),
        ("float", 2**24),
        ("double", 2**53),
        ("float", 3.5e38),
        ("string", 1),
        ("string", {"b64": "a"}),
        ("string", {"b64": "AAAA", "more": 1}),
        ("float", {"b64": "AAAA"}),
        ("float", None),
        ("float", [[1, 2], [3]]),
        ("float", [1, [2]]),
        ("float", [[1], 2]),
    ],
)
def test_a_value_of_another_type_or_shape_is_refused(dtype, value):
    with pytest.raises(ApiError) as refused:
        to_array(value, dtype)
    assert refused.value.http_status == 400


def test_a_type_that_json_has_no_form_for_is_not_implemented():
    with pytest.raises(ApiError) as refused:
        to_array(1.0, "complex64")
    assert refused.value.http_status == 501


def test_numbers_beyond_json_are_read():
    assert math.isnan(to_array(float("nan"), "float"))
    assert to_array([float("inf"), float("-inf")], "float").tolist() == [math.inf, -math.inf]


def test_a_lone_output_stands_without_its_name_and_several_with_theirs():
    one = {"y": np.array([[1.0], [2.0]], np.float32)}
    assert answer(one, row=True) == {"predictions": [[1.0], [2.0]]}
    assert answer(one, row=False) == {"outputs": [[1.0], [2.0]]}
    two = {**one, "n": np.array([3, 4])}
    assert answer(two, row=True) == {"predictions": [{"n": 3, "y": [1.0]}, {"n": 4, "y": [2.0]}]}
    assert answer(two, row=False) == {"outputs": {"n": [3, 4], "y": [[1.0], [2.0]]}}


def test_outputs_that_cannot_be_rows_are_refused_in_row_form_alone():
    scalar = {"loss": np.array(1.0)}
    assert answer(scalar, row=False) == {"outputs": 1.0}
    with pytest.raises(ApiError, match="no shape information"):
        answer(scalar, row=True)
    with pytest.raises(ApiError, match="inconsistent batch size"):
        answer({"a": np.zeros(1), "b": np.zeros(2)}, row=True)


def test_strings_are_text_unless_their_name_says_bytes():
    strings = np.array([b"\xe4", b"text"], object)
    assert to_json("image_bytes", strings) == [{"b64": "5A=="}, {"b64": "dGV4dA=="}]
    assert to_json("label", strings[1:]) == ["text"]


def test_a_bottomless_nesting_is_refused():
    with pytest.raises(ApiError) as refused:
        parse(b'{"instances": ' + b"[" * 100_000, lambda signature: THREE_INPUTS)
    assert refused.value.http_status == 400
