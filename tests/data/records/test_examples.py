import io

import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.data.records import schema
from tfgan_thyroid.data.records.examples import (
    encode_example,
    parse_features,
    read_records,
    serialize_features,
    write_record,
)


def as_protocol_buffer(features):
    """The same message, built by TensorFlow."""
    example = tf.train.Example()
    for name, value in features.items():
        feature = example.features.feature[name]
        if isinstance(value, bytes):
            feature.bytes_list.value.append(value)
        else:
            feature.int64_list.value.append(value)
    return example


@pytest.mark.parametrize(
    "value", [b"", b"x" * 127, b"y" * 128, bytes(range(256)) * 300, 0, 127, 128, 16_384, 2**63 - 1]
)
def test_the_wire_format_is_tensorflows_to_the_byte(value):
    assert serialize_features({"ö": value}) == as_protocol_buffer({"ö": value}).SerializeToString()


def test_tensorflow_reads_the_features_back_in_any_number():
    features = {"a": b"one", "b": 2, "c/d": b"three", "e": 4}
    assert tf.train.Example.FromString(serialize_features(features)) == as_protocol_buffer(features)
    assert tf.train.Example.FromString(serialize_features({})) == tf.train.Example(features=tf.train.Features())


def test_an_example_carries_every_key_of_the_contract():
    data = encode_example(b"image", height=8, width=16, source_id="aa", group_id="bb", sha256="cc", mask_png=b"mask")
    features = tf.train.Example.FromString(data).features.feature
    values = {name: [*feature.bytes_list.value, *feature.int64_list.value] for name, feature in features.items()}
    assert values == {
        "image/encoded": [b"image"],
        "image/height": [8],
        "image/width": [16],
        "image/source_id": [b"aa"],
        "image/group_id": [b"bb"],
        "image/key/sha256": [b"cc"],
        "mask/encoded": [b"mask"],
    }


def test_without_a_mask_there_is_no_mask_key():
    data = encode_example(b"image", height=8, width=8, source_id="aa", group_id="bb", sha256="cc")
    assert schema.MASK_ENCODED not in tf.train.Example.FromString(data).features.feature


def test_frames_are_those_of_tensorflows_writer(tmp_path):
    payloads = [np.random.default_rng(0).bytes(size) for size in (0, 1, 5_000, 70_000)]
    ours = io.BytesIO()
    for payload in payloads:
        write_record(ours, payload)
    path = tmp_path / "theirs.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for payload in payloads:
            writer.write(payload)
    assert ours.getvalue() == path.read_bytes()


def test_records_that_tensorflow_wrote_are_read_back(tmp_path):
    payloads = [np.random.default_rng(1).bytes(size) for size in (0, 1, 5_000, 70_000)]
    with tf.io.TFRecordWriter(str(tmp_path / "theirs.tfrecord")) as writer:
        for payload in payloads:
            writer.write(payload)
    with open(tmp_path / "theirs.tfrecord", "rb") as file:
        assert list(read_records(file)) == payloads


def test_a_flipped_bit_or_a_missing_byte_is_found_wherever_it_is():
    file = io.BytesIO()
    for payload in (b"first", b"the second"):
        write_record(file, payload)
    whole = file.getvalue()
    second = 12 + len(b"first") + 4
    for position in range(len(whole)):
        flipped = bytearray(whole)
        flipped[position] ^= 0x10
        with pytest.raises(ValueError, match=f"at byte {0 if position < second else second}"):
            list(read_records(io.BytesIO(bytes(flipped))))
        if position not in (0, second):
            with pytest.raises(ValueError, match="the file ends within the record"):
                list(read_records(io.BytesIO(whole[:position])))


def test_features_of_all_kinds_that_tensorflow_wrote_are_read_back():
    example = tf.train.Example()
    example.features.feature["names"].bytes_list.value.extend([b"one", b"", b"two"])
    example.features.feature["counts"].int64_list.value.extend([0, 1, -1, 2**62, -(2**63)])
    example.features.feature["weights"].float_list.value.extend([0.5, -2.0])
    example.features.feature["nothing"].SetInParent()
    assert parse_features(example.SerializeToString()) == {
        "names": [b"one", b"", b"two"],
        "counts": [0, 1, -1, 2**62, -(2**63)],
        "weights": [0.5, -2.0],
        "nothing": [],
    }
    assert parse_features(serialize_features({"a": b"x", "b": 300})) == {"a": [b"x"], "b": [300]}


def test_bytes_that_are_no_example_raise_nothing_but_a_value_error():
    rng = np.random.default_rng(0)
    outcomes = {"read": 0, "refused": 0}
    for _ in range(500):
        data = bytearray(serialize_features({"image/encoded": rng.bytes(20), "image/height": 256}))
        data[rng.integers(0, len(data))] = rng.integers(0, 256)
        try:
            values = parse_features(bytes(data[: rng.integers(len(data) - 1, len(data) + 1)]))
            assert all(isinstance(value, list) for value in values.values())
            outcomes["read"] += 1
        except ValueError:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 0
