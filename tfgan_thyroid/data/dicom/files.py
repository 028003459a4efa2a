"""DICOM files: their frames, one at a time, as they are meant to be looked at.

Failures are reported in our own words: a message of the parser could quote what stands in the header.
"""

import contextlib
import importlib.util
import logging
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from tfgan_thyroid.data.dicom.decoders import Samples, decode_compressed, decode_native
from tfgan_thyroid.data.dicom.display import display
from tfgan_thyroid.data.dicom.header import (
    PixelElement,
    frame_count,
    patient_group,
    read_header,
    tissue_region,
    value_of,
)
from tfgan_thyroid.data.dicom.layout import BIG_ENDIAN, Layout, native_frame_bytes, read_layout
from tfgan_thyroid.data.scans.scan import LostFrame, Scan, ScanError

if TYPE_CHECKING:
    from pydicom import Dataset

INSTALL = "pip install 'tfgan-thyroid[dicom]'"
MAX_FRAME_BYTES = 2**29


def is_dicom(head: bytes) -> bool:
    """Whether a file that starts with these 132 bytes is a DICOM file."""
    return head[128:132] == b"DICM"


def is_supported() -> bool:
    """Whether the `dicom` extra is installed."""
    return all(importlib.util.find_spec(name) is not None for name in ("pydicom", "imagecodecs"))


def decode_frames(file: BinaryIO, white_level: int) -> Iterator[Scan | LostFrame]:
    """The frames of an open DICOM file, one at a time, as they are meant to be looked at.

    MONOCHROME1 is turned over, colour becomes luma, and a value v of more than 8 bits becomes round(255 v / white),
    where white is the largest value of `BitsStored` bits, or `white_level` if that is less: the rule of 16-bit images,
    with the range that the header states. Windows and look-up tables for display are left aside, since they differ from
    scan to scan; overlays in planes of their own are not drawn.

    Of several frames, one that cannot be decoded is a `LostFrame`, and the others are read.

    Raises:
        ScanError: not an image (a directory, a report, a film), damaged, truncated, a size that no scan has, a pixel
            format without a grey level, a transfer syntax without a decoder, or the `dicom` extra is not installed.
    """
    if not is_supported():
        raise ScanError("unsupported format", f"DICOM: {INSTALL}")
    with _silence():
        header, syntax, element = read_header(file)
        layout = read_layout(header, syntax)
        frames = frame_count(header)
        group, region = patient_group(header), tissue_region(header, layout.rows, layout.columns)
    _check_fragments(file, layout, element)
    stored = _encapsulated(file, frames, header) if layout.encapsulated else _native(file, frames, layout, element)
    for number in range(1, frames + 1):
        try:
            with _silence():
                data = next(stored)
        except ScanError as error:  # where the next frame starts is unknown
            place = f"frame {number} of {frames} and those after it: " if number < frames else f"frame {number}: "
            raise ScanError(error.reason, (place if frames > 1 else "") + error.detail) from None
        try:
            with _silence():
                pixels, colour = display(_decode(data, layout), header, white_level)
        except ScanError as error:
            if frames == 1:
                raise
            yield LostFrame(number, error)
        else:
            yield Scan(pixels, region, group, number if frames > 1 else None, colour)


def _decode(data: bytes, layout: Layout) -> Samples:
    return decode_compressed(data, layout) if layout.encapsulated else decode_native(data, layout)


def _check_fragments(file: BinaryIO, layout: Layout, element: PixelElement) -> None:
    """Refuse pixels that are compressed where the transfer syntax says that they are not, or the other way round."""
    start = file.tell()
    fragments = file.read(4) in (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")  # an item, in either order of bytes
    file.seek(start)
    if layout.encapsulated and not fragments:
        raise ScanError("damaged", "the transfer syntax says that the pixels are compressed, and they are not")
    if not layout.encapsulated and element.length is None:
        raise ScanError("damaged", "the pixels are compressed, and the transfer syntax does not say how")


def _native(file: BinaryIO, frames: int, layout: Layout, element: PixelElement) -> Iterator[bytes]:
    """Uncompressed frames, each read when its turn comes."""
    start = file.tell()
    available = min(file.seek(0, 2) - start, element.length or 0)
    length = native_frame_bytes(layout, available, frames)
    words = layout.syntax == BIG_ENDIAN and element.vr == "OW" and layout.allocated == 8
    for begin in range(0, frames * length, length):
        odd = begin % 2 if words else 0
        file.seek(start + begin - odd)
        if not words:
            yield file.read(length)
            continue
        read = file.read(odd + length + (odd + length) % 2)
        swapped = np.frombuffer(read + bytes(len(read) % 2), np.uint16).byteswap().tobytes()
        yield swapped[odd : odd + length]


def _encapsulated(file: BinaryIO, frames: int, header: "Dataset") -> Iterator[bytes]:
    """Compressed frames, each read when its turn comes."""
    from pydicom.encaps import generate_frames

    start = file.tell()
    if (file.seek(0, 2) - start) // frames > MAX_FRAME_BYTES:
        raise ScanError("decompression bomb", f"a frame of more than {MAX_FRAME_BYTES} bytes")
    file.seek(start)
    offsets = value_of(header, "ExtendedOffsetTable"), value_of(header, "ExtendedOffsetTableLengths")
    extended = offsets if all(offsets) else None
    reader = _FrameReader(file)
    encoded = generate_frames(reader, number_of_frames=frames, extended_offsets=extended)  # type: ignore[arg-type]
    for _ in range(frames):
        reader.taken = 0
        try:
            frame = next(encoded)
        except ScanError:
            raise
        except Exception:  # the parser lets through whatever a broken file provokes
            raise ScanError("truncated", "the file ends before the frame does") from None
        yield frame


class _FrameReader:
    """A file of which no more than `MAX_FRAME_BYTES` are read for one frame, whatever its fragments claim."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell
        self.taken = 0

    def read(self, size: int = -1, /) -> bytes:
        """As of a file."""
        self.taken += size
        if size < 0 or self.taken > MAX_FRAME_BYTES:
            raise ScanError("decompression bomb", f"a frame of more than {MAX_FRAME_BYTES} bytes")
        return self._file.read(size)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """What pydicom warns of or logs may quote the header, and is nothing that the reader of a log can help.

    The log stays off for good: other threads of a worker may be reading too.
    """
    from pydicom import config

    config.logger.setLevel(logging.CRITICAL + 1)
    config.settings.reading_validation_mode = config.IGNORE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
