"""JSON to arrays and back for signatures of several inputs and of every type, by TF Serving's documented examples."""

import json
import math

import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.serving.preview.api_errors import ApiError
from tfgan_thyroid.serving.preview.json_tensors import to_array, to_json
from tfgan_thyroid.serving.preview.predict_request import answer, parse

# The example of https://www.tensorflow.org/tfx/serving/api_rest, in row and in column form.
THREE_INPUTS = {
    "tag": tf.TensorSpec([None], tf.string),
    "signal": tf.TensorSpec([None, 5], tf.int32),
    "sensor": tf.TensorSpec([None, 2, 2], tf.float32),
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
    assert refused.value.status_code == 400
    return str(refused.value)


def test_the_documented_example_reads_the_same_in_both_forms():
    (_, rows, in_rows), (_, columns, in_columns) = read({"instances": ROWS}), read({"inputs": COLUMNS})
    assert in_rows and not in_columns
    for name, dtype in (("tag", object), ("signal", np.int32), ("sensor", np.float32)):
        np.testing.assert_array_equal(rows[name], columns[name])
        assert rows[name].dtype == columns[name].dtype == dtype
    assert rows["tag"].tolist() == [b"foo", b"bar"]
    assert rows["sensor"].shape == (2, 2, 2)


@pytest.mark.parametrize(
    "body", [{"instances": [1]}, {"inputs": [1]}, {"instances": [{"tag": "foo"}]}, {"inputs": {"tag": ["foo"]}}]
)
def test_several_inputs_need_names_and_all_of_them(body):
    assert "sensor" in (message := refusal(body)) and "signal" in message and "tag" in message


def test_the_input_and_the_wrong_value_are_named():
    wrong = [ROWS[0], {**ROWS[1], "signal": [1, 2, 3, 4, "5"]}]
    assert "signal takes values of type int32" in (message := refusal({"instances": wrong})) and '"5"' in message


@pytest.mark.parametrize(
    ("dtype", "value", "expected"),
    [
        ("bool", [True, False], np.array([True, False])),
        ("uint8", [0, 255], np.array([0, 255], np.uint8)),
        ("int64", [-(2**63), 2**63 - 1], np.array([-(2**63), 2**63 - 1])),
        ("uint64", [2**64 - 1], np.array([2**64 - 1], np.uint64)),
        ("float64", 0.1, np.array(0.1)),
        ("float32", [1, 0.5, -1e38], np.array([1, 0.5, -1e38], np.float32)),
        ("float32", [], np.zeros([0], np.float32)),
        ("object", {"b64": "/w"}, np.array(b"\xff", object)),
    ],
)
def test_each_type_is_read_exactly(dtype, value, expected):
    array = to_array("x", value, np.dtype(dtype))
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
        ("float32", "1"),
        ("int8", 128),
        ("float32", 3.5e38),
        ("object", 1),
        ("object", {"b64": "a"}),
        ("object", {"b64": "AAAA", "more": 1}),
        ("float32", {"b64": "AAAA"}),
        ("float32", None),
        ("float32", [[1, 2], [3]]),
        ("float32", [1, [2]]),
        ("float32", [[1], 2]),
    ],
)
def test_a_value_of_another_type_or_shape_is_refused(dtype, value):
    with pytest.raises(ApiError) as refused:
        to_array("x", value, np.dtype(dtype))
    assert refused.value.status_code == 400


def test_a_type_that_json_has_no_form_for_is_not_implemented():
    with pytest.raises(ApiError) as refused:
        to_array("x", 1.0, np.dtype("complex64"))
    assert refused.value.status_code == 501


def test_numbers_beyond_json_are_read():
    assert math.isnan(to_array("x", float("nan"), np.dtype("float32")))
    assert to_array("x", [float("inf"), float("-inf")], np.dtype("float32")).tolist() == [math.inf, -math.inf]


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
    for outputs in (scalar, {"a": np.zeros(1), "b": np.zeros(2)}):
        with pytest.raises(ApiError, match="no common number of rows"):
            answer(outputs, row=True)


def test_strings_are_text_unless_their_name_says_bytes():
    strings = np.array([b"\xe4", b"text"], object)
    assert to_json("image_bytes", strings) == [{"b64": "5A=="}, {"b64": "dGV4dA=="}]
    assert to_json("label", strings[1:]) == ["text"]
