"""From the samples of a frame to grey levels and colours, as they are meant to be looked at."""

from typing import TYPE_CHECKING

import numpy as np

from tfgan_thyroid.data.dicom.decoders import Samples
from tfgan_thyroid.data.dicom.layout import PALETTE
from tfgan_thyroid.data.scans.scan import Pixels, ScanError

if TYPE_CHECKING:
    from pydicom import Dataset


def display(samples: Samples, header: "Dataset", white_level: int) -> tuple[Pixels, Pixels | None]:
    """Grey levels, uint8 `[H, W]`, and RGB, uint8 `[H, W, 3]`, of a frame with colour.

    Raises:
        ScanError: the palette cannot be read.
    """
    from PIL import Image

    largest = 2**samples.bits - 1
    white = min(white_level, largest) if samples.bits > 8 else largest
    if samples.values.ndim == 2 and samples.photometric != PALETTE:
        grey = to_bytes(samples.values, white)
        return (np.invert(grey) if samples.photometric == "MONOCHROME1" else grey), None
    if samples.photometric == PALETTE:
        colour = _look_up(samples.values, header)
    elif samples.photometric == "RGB":
        colour = to_bytes(samples.values, white)
    else:
        colour = _rgb_of_ybr(samples.values, samples.bits, white)
    colour = np.ascontiguousarray(colour)
    return np.asarray(Image.fromarray(colour).convert("L")), colour


def to_bytes(values: np.ndarray, white: int) -> Pixels:
    """A value v as round(255 v / white), at most 255."""
    if white == 255 and values.dtype == np.uint8:
        return values
    clipped = np.minimum(values.astype(np.uint32), white)
    return ((clipped * 255 + white // 2) // white).astype(np.uint8)


def _rgb_of_ybr(values: np.ndarray, bits: int, white: int) -> Pixels:
    """RGB of YBR_FULL, the YCbCr of ITU-R 601 over the full range (PS3.3 C.7.6.3.1.2)."""
    luma, blue, red = (values[..., channel].astype(np.float32) for channel in range(3))
    blue, red = blue - 2 ** (bits - 1), red - 2 ** (bits - 1)
    rgb = np.stack([luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue], axis=-1)
    return np.rint(np.clip(rgb, 0, white) * (255 / white)).astype(np.uint8)


def _look_up(values: np.ndarray, header: "Dataset") -> Pixels:
    """RGB of palette indices, by the high byte of a palette of 16 bits."""
    from pydicom.pixels import apply_color_lut

    try:
        colour = apply_color_lut(values, header)
        bits = int(header["RedPaletteColorLookupTableDescriptor"].value[2])
    except Exception:  # the parser lets through whatever a broken palette provokes
        raise ScanError("damaged", "the palette cannot be read") from None
    if colour.dtype.itemsize == 1:
        return colour
    if (bits == 8) != (colour.max() < 256):  # some programs say 16 bits and write 8
        raise ScanError("damaged", f"a palette of {bits} bits with values up to {colour.max()}")
    return (colour >> (bits - 8)).astype(np.uint8)
