"""DICOM files: their frames, one at a time, as they are meant to be looked at.

Failures are reported in our own words: a message of the parser could quote what stands in the header.
"""

import contextlib
import importlib.util
import logging
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from tfgan_thyroid.data.dicom import pixels as dicom_pixels
from tfgan_thyroid.data.dicom.header import frame_count, patient_group, read_header, tissue_region, value_of
from tfgan_thyroid.data.scans.scan import Scan, ScanError

if TYPE_CHECKING:
    from pydicom import Dataset

INSTALL = "pip install 'tfgan-thyroid[dicom]'"
MAX_FRAME_BYTES = 2**29


def is_dicom(head: bytes) -> bool:
    """Whether a file that starts with these 132 bytes is a DICOM file."""
    return head[128:132] == b"DICM"


def is_supported() -> bool:
    """Whether the `dicom` extra is installed."""
    return importlib.util.find_spec("pydicom") is not None


def decode_frames(file: BinaryIO, white_level: int) -> Iterator[Scan]:
    """The frames of an open DICOM file, one at a time, as they are meant to be looked at.

    MONOCHROME1 is turned over, colour becomes luma, and a grey value v of more than 8 bits becomes
    round(255 v / white), where white is the largest value of `BitsStored` bits, or `white_level` if that is less: the
    rule of 16-bit images, with the range that the header states. Windows and look-up tables for display are left
    aside, since they differ from scan to scan; overlays in planes of their own are not drawn.

    Args:
        file: at its start.
        white_level: the grey value that means white, at most.

    Raises:
        ScanError: not an image (a directory, a report, a film), damaged, truncated, a size that no scan has, a pixel
            format without a grey level, a transfer syntax without a decoder, or the `dicom` extra is not installed.
    """
    if not is_supported():
        raise ScanError("unsupported format", f"DICOM: {INSTALL}")
    with _silence():
        header, syntax = read_header(file)
        layout = dicom_pixels.read_layout(header, syntax)
        frames = frame_count(header)
        group, region = patient_group(header), tissue_region(header, layout.rows, layout.columns)
    several = frames > 1
    arrays = _encapsulated(file, frames, header, layout) if layout.encapsulated else _native(file, frames, layout)
    done = 0
    while done < frames:
        try:
            with _silence():
                array = next(arrays)
                pixels = dicom_pixels.to_grey(array, header, layout, white_level)
        except ScanError as error:
            place = f"frame {done + 1} of {frames}: " if several else ""
            raise ScanError(error.reason, place + error.detail) from None
        done += 1
        colour = array if array.ndim == 3 and array.dtype.itemsize == 1 else None
        yield Scan(pixels, region, group, done if several else None, colour)


def _native(file: BinaryIO, frames: int, layout: "dicom_pixels.Layout") -> Iterator[Any]:
    """Uncompressed frames, each read when its turn comes."""
    length = layout.native_frame_bytes
    start = file.tell()
    available = file.seek(0, 2) - start
    if available < length * frames:
        raise ScanError("truncated", f"{available} of {length * frames} bytes of pixels")
    for index in range(frames):
        file.seek(start + index * length)
        yield dicom_pixels.decode(file.read(length), layout)


def _encapsulated(file: BinaryIO, frames: int, header: "Dataset", layout: "dicom_pixels.Layout") -> Iterator[Any]:
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
        yield dicom_pixels.decode_compressed(frame, layout)


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
