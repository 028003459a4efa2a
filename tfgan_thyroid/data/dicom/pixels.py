"""The pixels of a DICOM frame: checked against the header before they are decoded, then turned into grey levels."""

import dataclasses
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from tfgan_thyroid.data.dicom import decoders as dicom_decoders
from tfgan_thyroid.data.scans.scan import MAX_PIXELS, Pixels, ScanError

if TYPE_CHECKING:
    from pydicom import Dataset

# Of group 0028, the image pixel module: sizes, bits, colours and palettes. No window, no rescaling.
ELEMENTS = (
    *(0x0002, 0x0004, 0x0006, 0x0008, 0x0010, 0x0011, 0x0100, 0x0101, 0x0102, 0x0103),
    *(0x1101, 0x1102, 0x1103, 0x1201, 0x1202, 0x1203, 0x1221, 0x1222, 0x1223),
)
_GREY = ("MONOCHROME1", "MONOCHROME2")
_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_PALETTE = "PALETTE COLOR"
_JPEG = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")
_RLE = "1.2.840.10008.1.2.5"
_JPEG_FAMILY = (*(f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 57, 70, 80, 81)),)
_JPEG_2000_FAMILY = (*(f"1.2.840.10008.1.2.4.{number}" for number in (90, 91, 201, 202, 203)),)

_JPEG_2000_START = b"\xff\x4f\xff\x51"
_PADDING_BYTES = 16  # at most, after the marker that ends a stream


@dataclasses.dataclass(frozen=True)
class Layout:
    """How a frame is stored.

    Args:
        syntax: the transfer syntax.
        rows: pixels.
        columns: pixels.
        samples: 1 for grey and palettes, 3 for colour.
        bits: significant bits of a sample.
        photometric: what the samples mean.
        options: the image pixel module as pydicom's decoders want it.
    """

    syntax: str
    rows: int
    columns: int
    samples: int
    bits: int
    photometric: str
    options: dict[str, Any]

    @property
    def encapsulated(self) -> bool:
        """Whether frames are compressed."""
        return self.syntax in (_RLE, *_JPEG_FAMILY, *_JPEG_2000_FAMILY)

    @property
    def native_frame_bytes(self) -> int:
        """Length of an uncompressed frame; subsampled colour takes two thirds."""
        samples = 2 if self.photometric == "YBR_FULL_422" else self.samples
        return self.rows * self.columns * samples * self.options["bits_allocated"] // 8


def read_layout(header: "Dataset", syntax: str) -> Layout:
    """The layout that the header states.

    Raises:
        ScanError: it states none, or one that is not supported.
    """
    from pydicom.pixels.utils import as_pixel_options
    from pydicom.uid import UID, AllTransferSyntaxes

    if syntax not in AllTransferSyntaxes or not _has_decoder(syntax):
        raise ScanError("unsupported transfer syntax", f"{UID(syntax).name}: export the frames uncompressed or as JPEG")
    if "PixelRepresentation" not in header:
        header.PixelRepresentation = 0
    try:
        options = as_pixel_options(header, pixel_keyword="PixelData", pixel_vr="OB", number_of_frames=1)
        rows, columns, samples = (int(options[key]) for key in ("rows", "columns", "samples_per_pixel"))
        allocated, bits = int(options["bits_allocated"]), int(options["bits_stored"])
        photometric = str(options["photometric_interpretation"])
    except Exception:
        raise ScanError("damaged", "the header does not state how the pixels are stored") from None
    if rows < 1 or columns < 1:
        raise ScanError("damaged", f"{columns}x{rows} pixels")
    if rows * columns > MAX_PIXELS:
        raise ScanError("decompression bomb", f"{columns}x{rows} pixels; at most {MAX_PIXELS} are read")
    wanted = 3 if photometric in _COLOUR else 1
    if photometric not in (*_GREY, *_COLOUR, _PALETTE) or samples != wanted:
        raise ScanError("unsupported pixel format", "wanted grey, RGB, YBR or palette colour")
    if allocated not in (8, 16) or not 1 <= bits <= allocated or options["pixel_representation"] != 0:
        raise ScanError("unsupported pixel format", "wanted unsigned values of 8 or 16 bits")
    options["pixel_vr"] = "OW" if allocated == 16 else "OB"
    return Layout(syntax, rows, columns, samples, bits, photometric, options)


def decode(data: bytes, layout: Layout) -> np.ndarray:
    """One frame, `[H, W]` or RGB `[H, W, 3]`, of bytes as they lie in a file, or encapsulated ones.

    Raises:
        ScanError: no decoder makes anything of it.
    """
    from pydicom.pixels import get_decoder
    from pydicom.uid import UID

    plugin = dicom_decoders.PLUGIN if layout.syntax in dicom_decoders.DECODER_DEPENDENCIES else ""
    if layout.syntax in _JPEG and layout.bits <= 8:
        plugin = "pillow"
    try:
        options = {"transfer_syntax_uid": UID(layout.syntax), **layout.options}
        array, _ = get_decoder(layout.syntax).as_array(data, index=0, decoding_plugin=plugin, **options)
    except Exception:  # the decoders let through whatever a broken frame provokes, and may quote the header
        raise ScanError("damaged", "a frame cannot be decoded") from None
    return array


def decode_compressed(frame: bytes, layout: Layout) -> np.ndarray:
    """One compressed frame, after a look at what it says of itself: a decoder would believe it and take the memory.

    Raises:
        ScanError: truncated, or its size is not the header's.
    """
    from pydicom.encaps import encapsulate

    if layout.syntax != _RLE:
        if b"\xff\xd9" not in frame[-_PADDING_BYTES:]:
            raise ScanError("truncated", "a frame ends before its end marker")
        if layout.syntax in _JPEG_2000_FAMILY:
            # Some files wrap the stream in boxes, in which pydicom searches without end if one has no length.
            frame = frame[max(0, frame.find(_JPEG_2000_START)) :]
            size = _jpeg_2000_size(frame)
        else:
            size = _jpeg_size(frame)
        if size is None:
            raise ScanError("damaged", "a frame without the header of its compression")
        if size != (layout.columns, layout.rows, layout.samples):
            raise ScanError(
                "damaged", f"a frame of {size[0]}x{size[1]} pixels; the header says {layout.columns}x{layout.rows}"
            )
    return decode(encapsulate([frame], has_bot=False), layout)


def to_grey(array: np.ndarray, header: "Dataset", layout: Layout, white_level: int) -> Pixels:
    """Grey levels, uint8 `[H, W]`, of a decoded frame; see `dicom_files.decode_frames` for the rule."""
    from PIL import Image

    if layout.photometric == _PALETTE:
        from pydicom.pixels import apply_color_lut

        try:
            array = apply_color_lut(array, header)
        except Exception:
            raise ScanError("damaged", "the palette cannot be read") from None
    if array.ndim == 3:
        if array.dtype.itemsize > 1:
            array = np.minimum(array >> (8 if layout.photometric == _PALETTE else max(0, layout.bits - 8)), 255)
        return np.asarray(Image.fromarray(np.ascontiguousarray(array.astype(np.uint8))).convert("L"))
    largest = 2**layout.bits - 1
    white = min(white_level, largest) if layout.bits > 8 else largest
    if white != 255 or array.dtype.itemsize > 1:  # a frame may hold more bits than the header says
        values = np.minimum(array.astype(np.uint32), white)
        array = (values * 255 + white // 2) // white
    grey = array.astype(np.uint8)
    return np.invert(grey) if layout.photometric == "MONOCHROME1" else grey


def _has_decoder(syntax: str) -> bool:
    from pydicom.pixels import get_decoder

    dicom_decoders.add_to_pydicom()
    try:
        return get_decoder(syntax).is_available
    except NotImplementedError:
        return False


def _jpeg_size(frame: bytes) -> tuple[int, int, int] | None:
    """Columns, rows and samples of a JPEG or JPEG-LS stream (ITU-T T.81 B.2), None if it has no frame header."""
    position = 2
    while frame[:2] == b"\xff\xd8" and position + 10 <= len(frame) and frame[position] == 0xFF:
        marker = frame[position + 1]
        if marker == 0xFF:  # fill
            position += 1
            continue
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            rows, columns, samples = struct.unpack_from(">HHB", frame, position + 5)
            return columns, rows, samples
        position += 2 + struct.unpack_from(">H", frame, position + 2)[0]
    return None


def _jpeg_2000_size(frame: bytes) -> tuple[int, int, int] | None:
    """Columns, rows and samples of a JPEG 2000 codestream (ITU-T T.800 A.5.1), None if it has no size marker."""
    if not frame.startswith(_JPEG_2000_START) or len(frame) < 42:
        return None
    right, bottom, left, top = struct.unpack_from(">IIII", frame, 8)
    return right - left, bottom - top, struct.unpack_from(">H", frame, 40)[0]
