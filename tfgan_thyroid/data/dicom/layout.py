"""How the header of a DICOM file says that its frames are stored; checked before any is read."""

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from tfgan_thyroid.data.scans.scan import MAX_PIXELS, ScanError

if TYPE_CHECKING:
    from pydicom import Dataset

# Of group 0028, the image pixel module: sizes, bits, colours and palettes. No window, no rescaling.
ELEMENTS = (
    *(0x0002, 0x0004, 0x0006, 0x0008, 0x0010, 0x0011, 0x0100, 0x0101, 0x0102, 0x0103),
    *(0x1101, 0x1102, 0x1103, 0x1201, 0x1202, 0x1203, 0x1221, 0x1222, 0x1223),
)
_JPEG_NUMBERS = "1.2.840.10008.1.2.4."
BIG_ENDIAN = "1.2.840.10008.1.2.2"
NATIVE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", BIG_ENDIAN)
RLE = "1.2.840.10008.1.2.5"
JPEG = tuple(_JPEG_NUMBERS + number for number in ("50", "51", "57", "70"))  # the latter two are lossless
JPEG_LS = tuple(_JPEG_NUMBERS + number for number in ("80", "81"))
JPEG_2000 = tuple(_JPEG_NUMBERS + number for number in ("90", "91", "201", "202", "203"))  # from 201: high throughput
SYNTAXES = (*NATIVE, RLE, *JPEG, *JPEG_LS, *JPEG_2000)
LOSSY = (*JPEG[:2], JPEG_LS[1], JPEG_2000[1], JPEG_2000[4])

GREY = ("MONOCHROME1", "MONOCHROME2")
PALETTE = "PALETTE COLOR"
YBR = ("YBR_FULL", "YBR_FULL_422")
JPEG_2000_COLOURS = ("YBR_ICT", "YBR_RCT")
COLOUR = ("RGB", *YBR, *JPEG_2000_COLOURS)


@dataclasses.dataclass(frozen=True)
class Layout:
    """How a frame is stored."""

    syntax: str  # the transfer syntax
    rows: int  # pixels
    columns: int  # pixels
    samples: int  # 1 for grey and palettes, 3 for colour
    allocated: int  # bits that a sample takes, 8 or 16
    bits: int  # significant bits of a sample
    shift: int  # unused bits below these; those above may hold an old overlay
    photometric: str  # what the samples mean
    planar: bool  # whether the colours lie one after the other, and not pixel by pixel

    @property
    def encapsulated(self) -> bool:
        """Whether frames are compressed."""
        return self.syntax not in NATIVE

    @property
    def pixel_bytes(self) -> int:
        """Length of a frame with all samples of every pixel."""
        return self.rows * self.columns * self.samples * self.allocated // 8

    @property
    def subsampled_bytes(self) -> int:
        """Length of a frame in which each pair of pixels along a row shares its two colour samples."""
        return self.rows * (self.columns + self.columns % 2) * 2 * self.allocated // 8

    @property
    def dtype(self) -> np.dtype:
        """Type of an uncompressed sample."""
        return np.dtype(f"{'>' if self.syntax == BIG_ENDIAN else '<'}u{self.allocated // 8}")


def read_layout(header: "Dataset", syntax: str) -> Layout:
    """The layout that the header states."""
    from pydicom.uid import UID

    if syntax not in SYNTAXES:
        raise ScanError("unsupported transfer syntax", f"{UID(syntax).name}: export the frames uncompressed or as JPEG")
    try:
        rows, columns, samples = (int(header[key].value) for key in ("Rows", "Columns", "SamplesPerPixel"))
        allocated, bits = int(header["BitsAllocated"].value), int(header["BitsStored"].value)
        photometric = str(header["PhotometricInterpretation"].value)
        signed = int(header.get("PixelRepresentation") or 0)
        high_bit = int(header.get("HighBit") or bits - 1)
        planar = int(header.get("PlanarConfiguration", -1))
    except Exception:  # the parser lets through whatever a broken header provokes
        raise ScanError("damaged", "the header does not state how the pixels are stored") from None
    if rows < 1 or columns < 1:
        raise ScanError("damaged", f"{columns}x{rows} pixels")
    if rows * columns > MAX_PIXELS:
        raise ScanError("decompression bomb", f"{columns}x{rows} pixels; at most {MAX_PIXELS} are read")
    if photometric not in (*GREY, *COLOUR, PALETTE) or samples != (3 if photometric in COLOUR else 1):
        raise ScanError("unsupported pixel format", "wanted grey, RGB, YBR or palette colour")
    if photometric == PALETTE and syntax in LOSSY:
        raise ScanError("unsupported pixel format", f"numbers of a palette, which {UID(syntax).name} changes")
    if photometric in JPEG_2000_COLOURS and syntax not in JPEG_2000:
        raise ScanError("unsupported pixel format", f"{photometric}, a colour of JPEG 2000, in {UID(syntax).name}")
    if allocated not in (8, 16) or not 1 <= bits <= allocated or signed:
        raise ScanError("unsupported pixel format", "wanted unsigned values of 8 or 16 bits")
    shift = high_bit + 1 - bits
    if not 0 <= shift <= allocated - bits:
        raise ScanError("damaged", f"{bits} bits below bit {high_bit} of {allocated}")
    if samples > 1 and syntax in NATIVE and planar not in (0, 1):
        raise ScanError("damaged", "the header does not state how the colours are arranged")
    if shift and syntax not in (*NATIVE, RLE):
        raise ScanError("unsupported pixel format", f"compressed values of {bits} bits below bit {high_bit}")
    return Layout(syntax, rows, columns, samples, allocated, bits, shift, photometric, planar == 1)


def native_frame_bytes(layout: Layout, available: int, frames: int) -> int:
    """Length of an uncompressed frame, told from the length of all of them; less than a row beyond is padding.

    YBR_FULL_422 stores two colour samples for two pixels, with rows of an even length; several scanners say so and
    store all samples of every pixel.
    """
    lengths = [layout.pixel_bytes]
    if layout.photometric == "YBR_FULL_422":
        lengths = [layout.pixel_bytes] if layout.planar else [layout.pixel_bytes, layout.subsampled_bytes]
    fitting = max((length for length in lengths if length * frames <= available), default=None)
    wanted = " or ".join(str(length * frames) for length in lengths)
    if fitting is None:
        raise ScanError("truncated", f"{available} of {wanted} bytes of pixels")
    if available - fitting * frames >= layout.pixel_bytes // layout.rows:
        raise ScanError(
            "damaged", f"{available} bytes of pixels, which the header's layout does not fill: it has {wanted}"
        )
    return fitting
