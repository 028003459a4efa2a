import io

import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.data import schema
from tfgan_thyroid.data.examples import encode_example, serialize_features, write_record


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
