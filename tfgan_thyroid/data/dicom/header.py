"""The header of a DICOM file: how its frames are stored, whose they are, and where the tissue lies.

Only the tags of `_TAGS` and the image pixel module are ever read; names, dates and everything else are skipped. The
patient's identifier leaves this file as a hash.
"""

import hashlib
import struct
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from tfgan_thyroid.data.dicom.layout import ELEMENTS
from tfgan_thyroid.data.scans.scan import Box, ScanError

if TYPE_CHECKING:
    from pydicom import Dataset

MAX_FRAMES = 10_000
# Longer values are not taken into memory: no tag that matters has them.
_VALUE_BYTES = 2**20
_META_BYTES = 2**16

_TAGS = ("SOPClassUID", "PatientID", "IssuerOfPatientID", "StudyInstanceUID", "SequenceOfUltrasoundRegions")
_PIXEL_DATA = 0x7FE00010
_DEFLATED = "1.2.840.10008.1.2.1.99"  # a whole file as one zlib stream: unpacked before anything can be checked


class PixelElement(NamedTuple):
    """How the header announces the pixels."""

    vr: str | None  # their type, None where the transfer syntax leaves it open
    length: int | None  # bytes, None for compressed frames, which tell their own


def read_header(file: BinaryIO) -> tuple["Dataset", str, PixelElement]:
    """The tags that matter, the transfer syntax, and the announcement of the pixels; the file stands at their start."""
    from pydicom.datadict import tag_for_keyword
    from pydicom.filereader import read_dataset
    from pydicom.tag import BaseTag, Tag
    from pydicom.uid import UID

    wanted: list[BaseTag | int] = [Tag(tag_for_keyword(keyword)) for keyword in _TAGS]  # type: ignore[arg-type]
    wanted += [Tag(0x0028, element) for element in ELEMENTS] + [Tag(0x7FE00001), Tag(0x7FE00002)]
    try:
        file.seek(132)
        meta = read_dataset(
            file,
            False,
            True,
            stop_when=lambda tag, vr, length: tag.group != 2 or file.tell() > _META_BYTES,
            defer_size=_VALUE_BYTES,
        )
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
            defer_size=_VALUE_BYTES,
            specific_tags=wanted,
        )
        header.file_meta = meta  # type: ignore[assignment]
        if not syntax.is_little_endian:
            _swap_palettes(header)
        pixels = _read_element_header(file, syntax.is_little_endian)
    except ScanError:
        raise
    except (EOFError, struct.error):
        raise ScanError("truncated", "the file ends within its header") from None
    except Exception:  # the parser lets through whatever a broken file provokes
        raise ScanError("damaged", "the DICOM header cannot be read") from None
    if pixels is None:
        kind = UID(str(value_of(meta, "MediaStorageSOPClassUID") or value_of(header, "SOPClassUID") or "")).name
        if "Rows" in header or "Image" in kind:
            raise ScanError("truncated", "the file ends before its pixels")
        known = kind and not kind[0].isdigit()
        raise ScanError("not an image", f"DICOM without pixels ({kind if known else 'of an unknown kind'})")
    return header, str(syntax), pixels


def _swap_palettes(header: "Dataset") -> None:
    """Put the words of palettes in the order of bytes that pydicom takes them to have."""
    for element in header:
        if element.VR == "OW" and isinstance(element.value, bytes):
            element.value = np.frombuffer(element.value, np.uint16).byteswap().tobytes()


def _read_element_header(file: BinaryIO, little_endian: bool) -> PixelElement | None:
    """The announcement of the pixels, None where there are none."""
    order = "<" if little_endian else ">"
    start = file.read(8)
    if len(start) < 8 or struct.unpack(order + "HH", start[:4]) != (0x7FE0, 0x0010):
        return None
    vr = None
    length = start[4:]
    if start[4:6] in (b"OB", b"OW", b"UN"):  # some files have what their transfer syntax denies
        vr, length = start[4:6].decode("ascii"), file.read(4)
        if len(length) < 4:
            return None
    (stated,) = struct.unpack(order + "I", length)
    return PixelElement(vr, None if stated == 0xFFFFFFFF else stated)


def value_of(dataset: "Dataset", keyword: str) -> Any:
    """The value of a tag, None where it is not there or cannot be read: pydicom looks at a value when asked for it."""
    try:
        return dataset.get(keyword)
    except Exception:
        return None


def frame_count(header: "Dataset") -> int:
    """How many frames the header states, 1 where it states none."""
    try:
        frames = int(header.get("NumberOfFrames") or 1)
    except Exception:
        raise ScanError("damaged", "the number of frames is no number") from None
    if not 1 <= frames <= MAX_FRAMES:
        raise ScanError("damaged", f"{frames} frames; at most {MAX_FRAMES} are read")
    return frames


def patient_group(header: "Dataset") -> str | None:
    """A hash of the patient's identifier, else of the study's; the salt is applied where records are written."""
    tags = ("PatientID", "IssuerOfPatientID", "StudyInstanceUID")
    patient, issuer, study = (str(value_of(header, tag) or "").strip() for tag in tags)
    if not patient and not study:
        return None
    key = f"patient\0{issuer}\0{patient}" if patient else f"study\0{study}"
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def tissue_region(header: "Dataset", rows: int, columns: int) -> Box | None:
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
