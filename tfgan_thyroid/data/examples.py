"""Records on disk: `tf.train.Example` messages in TFRecord frames, written without importing TensorFlow.

A Beam worker that imported TensorFlow for its protocol buffers would spend seconds and 300 MB on it. The message has
three levels and two kinds of value, so its wire format fits on this page; a test reads it back with TensorFlow.
"""

import struct
from collections.abc import Mapping
from typing import BinaryIO

import google_crc32c

from tfgan_thyroid.data import schema

_LENGTH_DELIMITED = 2
_BYTES_LIST, _INT64_LIST = 1, 3


def encode_example(
    image_png: bytes,
    *,
    height: int,
    width: int,
    source_id: str,
    group_id: str,
    sha256: str,
    mask_png: bytes | None = None,
) -> bytes:
    """A serialized `tf.train.Example` with the keys of `schema`.

    Args:
        image_png: 8-bit grey PNG of `height` x `width` pixels.
        height: pixels.
        width: pixels.
        source_id: hash that stands for the file, hexadecimal.
        group_id: hash that stands for the group (patient, acquisition), hexadecimal.
        sha256: SHA-256 of the pixels, hexadecimal.
        mask_png: 8-bit PNG of the same size with values {0, 255}, or None for a data set without masks.
    """
    features: dict[str, bytes | int] = {
        schema.IMAGE_ENCODED: image_png,
        schema.IMAGE_HEIGHT: height,
        schema.IMAGE_WIDTH: width,
        schema.IMAGE_SOURCE_ID: source_id.encode("ascii"),
        schema.IMAGE_GROUP_ID: group_id.encode("ascii"),
        schema.IMAGE_SHA256: sha256.encode("ascii"),
    }
    if mask_png is not None:
        features[schema.MASK_ENCODED] = mask_png
    return serialize_features(features)


def serialize_features(features: Mapping[str, bytes | int]) -> bytes:
    """The wire format of a `tf.train.Example` whose features hold one value each, keys in sorted order.

    `Example { Features features = 1 }`, `Features { map<string, Feature> feature = 1 }`,
    `Feature { oneof { BytesList bytes_list = 1; Int64List int64_list = 3 } }`, each list `{ repeated value = 1 }`.
    Source: tensorflow/core/example/feature.proto. Whole numbers must not be negative.
    """
    entries = b"".join(
        _field(1, _field(1, name.encode("utf-8")) + _field(2, _feature(value)))
        for name, value in sorted(features.items())
    )
    return _field(1, entries)


def write_record(file: BinaryIO, payload: bytes) -> None:
    """Append one TFRecord: length, its checksum, the payload, its checksum, all little-endian."""
    length = struct.pack("<Q", len(payload))
    file.write(length + _masked_checksum(length) + payload + _masked_checksum(payload))


def _feature(value: bytes | int) -> bytes:
    if isinstance(value, bytes):
        return _field(_BYTES_LIST, _field(1, value))
    return _field(_INT64_LIST, _field(1, _varint(value)))


def _field(number: int, payload: bytes) -> bytes:
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    """Seven bits a byte, lowest first, the top bit set on all but the last."""
    result = bytearray()
    while value > 0x7F:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    result.append(value)
    return bytes(result)


def _masked_checksum(data: bytes) -> bytes:
    """CRC-32C, rotated and offset so that a checksum of data that holds checksums stays good."""
    crc = google_crc32c.value(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
