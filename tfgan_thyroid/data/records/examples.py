"""Records on disk: `tf.train.Example` messages in TFRecord frames, written and read without importing TensorFlow.

A Beam worker that imported TensorFlow for its protocol buffers would spend seconds and 300 MB on it. The message has
three levels and three kinds of value, so its wire format fits on this page; tests read and write it with TensorFlow.
"""

import struct
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import google_crc32c

from tfgan_thyroid.data.records import schema

_VARINT, _LENGTH_DELIMITED, _FIXED32 = 0, 2, 5
_BYTES_LIST, _FLOAT_LIST, _INT64_LIST = 1, 2, 3


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
    """A serialized `tf.train.Example` with the keys of `schema`: 8-bit grey PNGs, and ids and digest in hexadecimal."""
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


def read_records(file: BinaryIO) -> Iterator[bytes]:
    """The payloads of a TFRecord file, each after its two checksums have been compared."""
    while True:
        start = file.tell()
        header = file.read(12)
        if not header:
            return
        length = struct.unpack("<Q", header[:8])[0] if len(header) == 12 else 0
        if len(header) == 12 and header[8:] != _masked_checksum(header[:8]):
            raise ValueError(f"the record at byte {start} has a wrong checksum over its length")
        payload = file.read(length)
        checksum = file.read(4)
        if len(payload) < length or len(checksum) < 4:
            raise ValueError(f"the file ends within the record at byte {start}")
        if checksum != _masked_checksum(payload):
            raise ValueError(f"the record at byte {start} has a wrong checksum over its content")
        yield payload


def parse_features(payload: bytes) -> dict[str, list[bytes] | list[int] | list[float]]:
    """The values of each feature of a serialized `tf.train.Example`, by any writer."""
    features: dict[str, list[bytes] | list[int] | list[float]] = {}
    for _, entries in _fields(payload):
        for _, entry in _fields(entries):
            pair = dict(_fields(entry))
            if not {1, 2} >= pair.keys() or not all(isinstance(part, bytes) for part in pair.values()):
                raise ValueError("no tf.train.Example: an entry of its features is not a name and a value")
            features[pair.get(1, b"").decode("utf-8")] = _values(pair.get(2, b""))
    return features


def _values(feature: bytes) -> list[bytes] | list[int] | list[float]:
    """The list within a `Feature`; empty where none of the three kinds is set."""
    result: list = []
    for kind, content in _fields(feature):
        for _, value in _fields(content):
            if kind == _BYTES_LIST:
                result.append(value)
            elif kind == _INT64_LIST:
                result += [value] if isinstance(value, int) else _packed_integers(value)
            elif kind == _FLOAT_LIST:
                result += [number for (number,) in struct.iter_unpack("<f", value)]
    return result


def _packed_integers(content: bytes) -> list[int]:
    values, position = [], 0
    while position < len(content):
        value, position = _read_varint(content, position)
        values.append(value - (1 << 64) if value >> 63 else value)
    return values


def _fields(content: bytes) -> Iterator[tuple[int, Any]]:
    """(number, value) of each field of a message: bytes, or a whole number for a varint."""
    if not isinstance(content, bytes):
        raise ValueError("no tf.train.Example: a number stands where a message should")
    position = 0
    while position < len(content):
        key, position = _read_varint(content, position)
        kind = key & 7
        if kind == _VARINT:
            value, position = _read_varint(content, position)
            yield key >> 3, value - (1 << 64) if value >> 63 else value
            continue
        if kind not in (_LENGTH_DELIMITED, _FIXED32):
            raise ValueError(f"no tf.train.Example: it has a field of wire type {kind}")
        length = 4
        if kind == _LENGTH_DELIMITED:
            length, position = _read_varint(content, position)
        if position + length > len(content):
            raise ValueError("no tf.train.Example: a field is longer than its message")
        yield key >> 3, content[position : position + length]
        position += length


def _read_varint(content: bytes, position: int) -> tuple[int, int]:
    """A whole number from seven bits a byte, and the position behind it."""
    value = shift = 0
    while True:
        if position == len(content) or shift > 63:
            raise ValueError("no tf.train.Example: it ends within a number")
        byte = content[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position


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
