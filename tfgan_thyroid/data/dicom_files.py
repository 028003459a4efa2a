"""DICOM files: which frames they hold, whose they are, and where the scanner says that the tissue lies.

Only the tags of `_TAGS` and the image pixel module are ever read; names, dates and everything else are skipped. The
patient's identifier leaves this file as a hash. Failures are told in our own words: a message of the parser could
quote what stands in the header.
"""

import contextlib
import hashlib
import importlib.util
import struct
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from tfgan_thyroid.data import dicom_pixels
from tfgan_thyroid.data.scan import Box, Scan, ScanError

if TYPE_CHECKING:
    from pydicom import Dataset

INSTALL = "pip install 'tfgan-thyroid[dicom]'"
MAX_FRAMES = 10_000
MAX_FRAME_BYTES = 2**29

_TAGS = ("SOPClassUID", "PatientID", "IssuerOfPatientID", "StudyInstanceUID", "SequenceOfUltrasoundRegions")
_PIXEL_DATA = 0x7FE00010
_DEFLATED = "1.2.840.10008.1.2.1.99"  # a whole file as one zlib stream: unpacked before anything can be checked


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
        header, syntax = _read_header(file)
        layout = dicom_pixels.read_layout(header, syntax)
        frames = _frame_count(header)
        group, region = _group(header), _region(header, layout.rows, layout.columns)
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
    offsets = _value(header, "ExtendedOffsetTable"), _value(header, "ExtendedOffsetTableLengths")
    extended = offsets if all(offsets) else None
    encoded = generate_frames(file, number_of_frames=frames, extended_offsets=extended)  # type: ignore[arg-type]
    for _ in range(frames):
        try:
            frame = next(encoded)
        except Exception:  # the parser lets through whatever a broken file provokes
            raise ScanError("truncated", "the file ends before the frame does") from None
        yield dicom_pixels.decode_compressed(frame, layout)


def _read_header(file: BinaryIO) -> tuple["Dataset", str]:
    """The tags that matter and the transfer syntax; the file is left at the first byte of the pixels."""
    from pydicom.datadict import tag_for_keyword
    from pydicom.filereader import read_dataset
    from pydicom.tag import BaseTag, Tag
    from pydicom.uid import UID

    wanted: list[BaseTag | int] = [Tag(tag_for_keyword(keyword)) for keyword in _TAGS]  # type: ignore[arg-type]
    wanted += [Tag(0x0028, element) for element in dicom_pixels.ELEMENTS] + [Tag(0x7FE00001), Tag(0x7FE00002)]
    try:
        file.seek(132)
        meta = read_dataset(file, False, True, stop_when=lambda tag, vr, length: tag.group != 2)
        syntax = UID(str(meta.get("TransferSyntaxUID", "")))
        if syntax == _DEFLATED:
            raise ScanError(
                "unsupported transfer syntax", "deflated as a whole: export it as Explicit VR Little Endian"
            )
        if not syntax.is_transfer_syntax:
            raise ScanError("damaged", "no valid transfer syntax in the file's header")
        header = read_dataset(
            file,
            syntax.is_implicit_VR,
            syntax.is_little_endian,
            stop_when=lambda tag, vr, length: tag >= _PIXEL_DATA,
            specific_tags=wanted,
        )
        header.file_meta = meta  # type: ignore[assignment]
        found = _skip_element_header(file, syntax.is_little_endian)
    except ScanError:
        raise
    except (EOFError, struct.error):
        raise ScanError("truncated", "the file ends within its header") from None
    except Exception:  # the parser lets through whatever a broken file provokes
        raise ScanError("damaged", "the DICOM header cannot be read") from None
    if not found:
        kind = UID(str(_value(meta, "MediaStorageSOPClassUID") or _value(header, "SOPClassUID") or "")).name
        if "Rows" in header or "Image" in kind:
            raise ScanError("truncated", "the file ends before its pixels")
        known = kind and not kind[0].isdigit()
        raise ScanError("not an image", f"DICOM without pixels ({kind if known else 'of an unknown kind'})")
    return header, str(syntax)


def _skip_element_header(file: BinaryIO, little_endian: bool) -> bool:
    """Go to the first byte of the pixel data; whether there are any."""
    start = file.read(8)
    if len(start) < 8 or struct.unpack("<HH" if little_endian else ">HH", start[:4]) != (0x7FE0, 0x0010):
        return False
    explicit = start[4:6] in (b"OB", b"OW", b"UN")  # some files have what their transfer syntax denies
    return not explicit or len(file.read(4)) == 4


def _value(dataset: "Dataset", keyword: str) -> Any:
    """The value of a tag, None where it is not there or cannot be read: pydicom looks at a value when asked for it."""
    try:
        return dataset.get(keyword)
    except Exception:
        return None


def _frame_count(header: "Dataset") -> int:
    try:
        frames = int(header.get("NumberOfFrames") or 1)
    except Exception:
        raise ScanError("damaged", "the number of frames is no number") from None
    if not 1 <= frames <= MAX_FRAMES:
        raise ScanError("damaged", f"{frames} frames; at most {MAX_FRAMES} are read")
    return frames


def _group(header: "Dataset") -> str | None:
    """A hash of the patient's identifier, else of the study's; the salt is applied where records are written."""
    tags = ("PatientID", "IssuerOfPatientID", "StudyInstanceUID")
    patient, issuer, study = (str(_value(header, tag) or "").strip() for tag in tags)
    if not patient and not study:
        return None
    key = f"patient\0{issuer}\0{patient}" if patient else f"study\0{study}"
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def _region(header: "Dataset", rows: int, columns: int) -> Box | None:
    """The largest two-dimensional tissue region of `SequenceOfUltrasoundRegions` that lies within the scan."""
    two_dimensional, tissue = 1, 1
    boxes: list[Box] = []
    try:
        for item in header.get("SequenceOfUltrasoundRegions") or []:
            if item.get("RegionSpatialFormat") != two_dimensional or item.get("RegionDataType") != tissue:
                continue
            left, top = int(item.RegionLocationMinX0), int(item.RegionLocationMinY0)
            right, bottom = int(item.RegionLocationMaxX1) + 1, int(item.RegionLocationMaxY1) + 1  # the last pixel's
            right, bottom = min(right, columns), min(bottom, rows)  # some scanners write the size instead
            if 0 <= left < right and 0 <= top < bottom:
                boxes.append((left, top, right, bottom))
    except Exception:  # a region that cannot be read is none
        return None
    return max(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]), default=None)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """What pydicom warns of may quote the header, and is nothing that the reader of a log can help."""
    from pydicom import config

    mode = config.settings.reading_validation_mode
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config.settings.reading_validation_mode = config.IGNORE
        try:
            yield
        finally:
            config.settings.reading_validation_mode = mode
