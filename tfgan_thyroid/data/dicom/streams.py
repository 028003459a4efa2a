"""What a compressed frame says of itself: a decoder would believe it, and the header may say something else."""

import dataclasses
import struct
from collections.abc import Iterator

from tfgan_thyroid.data.dicom.layout import JPEG_2000, RLE, Layout
from tfgan_thyroid.data.scans.scan import ScanError

_JPEG_2000_START = b"\xff\x4f\xff\x51"
_END = b"\xff\xd9"
_AFTER_END_BYTES = 16  # at most, beside zeros, after the marker that ends a stream
_JPEG_LS_FRAME = 0xF7
_LOSSLESS = (0xC3, _JPEG_LS_FRAME)
_NO_FRAMES = (0xC4, 0xC8, 0xCC)  # markers among those of frames: Huffman tables and the like


@dataclasses.dataclass(frozen=True)
class Stream:
    """A compressed frame by its own account."""

    columns: int  # pixels
    rows: int  # pixels
    samples: int  # of a pixel
    bits: int  # of a sample
    # "RGB" or "YBR_FULL" if the stream says what its three samples are, and the decoder leaves them so; for JPEG 2000
    # "RGB" if the decoder makes RGB of them. None if it does not say.
    colour: str | None = None


def strip_stream(frame: bytes, layout: Layout) -> bytes:
    """A frame without what may stand around its codestream: padding, and the boxes of a JPEG 2000 file."""
    if layout.syntax == RLE:
        return frame
    frame = frame.rstrip(b"\0")
    if _END not in frame[-_AFTER_END_BYTES:]:
        raise ScanError("truncated", "a frame ends before its end marker")
    return frame[max(0, frame.find(_JPEG_2000_START)) :] if layout.syntax in JPEG_2000 else frame


def read_stream(frame: bytes, layout: Layout) -> Stream:
    """What the stripped `frame` says of itself."""
    try:
        if layout.syntax == RLE:
            (segments,) = struct.unpack_from("<I", frame)
            samples = segments * 8 // layout.allocated
            return Stream(layout.columns, layout.rows, samples, layout.allocated)
        stream = _jpeg_2000(frame) if layout.syntax in JPEG_2000 else _jpeg(frame)
    except (struct.error, IndexError):
        stream = None
    if stream is None:
        raise ScanError("damaged", "a frame without the header of its compression")
    return stream


def _jpeg(frame: bytes) -> Stream | None:
    """The frame header of a JPEG or JPEG-LS stream (ITU-T T.81 B.2.2), None if it has none.

    What it says of its colours, the surest first: Adobe's marker, the names of the components, samples that are
    shared by neighbours, which only colour differences bear, and JFIF's marker, which means YCbCr.
    """
    stated = jfif = None
    for marker, position in _segments(frame):
        if marker == 0xEE and frame[position + 4 : position + 9] == b"Adobe":
            stated = {0: "RGB", 1: "YBR_FULL"}.get(frame[position + 15])
        elif marker == 0xE0 and frame[position + 4 : position + 8] == b"JFIF":
            jfif = "YBR_FULL"
        elif marker == _JPEG_LS_FRAME or (0xC0 <= marker <= 0xCF and marker not in _NO_FRAMES):
            bits, rows, columns, samples = struct.unpack_from(">BHHB", frame, position + 4)
            components = [frame[start : start + 3] for start in range(position + 10, position + 10 + 3 * samples, 3)]
            if bytes(component[0] for component in components) == b"RGB":
                stated = stated or "RGB"
            if len({component[1] for component in components}) > 1:
                stated = stated or "YBR_FULL"
            return Stream(columns, rows, samples, bits, stated or (None if marker in _LOSSLESS else jfif))
    return None


def _segments(frame: bytes) -> Iterator[tuple[int, int]]:
    """The markers of a JPEG stream up to its image, and where each starts."""
    position = 2
    while frame[:2] == b"\xff\xd8" and position + 4 <= len(frame) and frame[position] == 0xFF:
        if frame[position + 1] == 0xFF:  # fill
            position += 1
            continue
        yield frame[position + 1], position
        position += 2 + struct.unpack_from(">H", frame, position + 2)[0]


def _jpeg_2000(frame: bytes) -> Stream | None:
    """The main header of a JPEG 2000 codestream (ITU-T T.800 A.5, A.6), None if it has none."""
    if not frame.startswith(_JPEG_2000_START):
        return None
    right, bottom, left, top = struct.unpack_from(">IIII", frame, 8)
    (samples,) = struct.unpack_from(">H", frame, 40)
    components = [frame[start : start + 3] for start in range(42, 42 + 3 * samples, 3)]
    if any(component[0] & 0x80 or component[1:] != b"\1\1" for component in components):
        raise ScanError("unsupported pixel format", "JPEG 2000 with signed or subsampled samples")
    colour = None
    position = 4 + struct.unpack_from(">H", frame, 4)[0]
    while frame[position + 1] not in (0x52, 0x90):  # the style of coding, a tile
        position += 2 + struct.unpack_from(">H", frame, position + 2)[0]
    if frame[position + 1] == 0x52 and frame[position + 8]:
        colour = "RGB"
    return Stream(right - left, bottom - top, samples, 1 + max(component[0] for component in components), colour)
