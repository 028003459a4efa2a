"""Masks as images: black and white, or a map of labels of which one is chosen."""

from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from tfgan_thyroid.data.masks.labels import MaskLabel
from tfgan_thyroid.data.masks.mask_format import MaskFormat
from tfgan_thyroid.data.masks.outlines import Outlines, Raster
from tfgan_thyroid.data.scans.files import IMAGE_SUFFIXES, decode_image, sixteen_bit
from tfgan_thyroid.data.scans.scan import Pixels, ScanError

if TYPE_CHECKING:
    from PIL import Image

# A map of labels has few values, each of them in flat areas; soft edges have their shades along edges alone, and JPEG
# makes many values of a few, of which those in flat areas stay near the true ones.
_FEW_VALUES = 16
_NOISE = 16


def read_mask_image(file: BinaryIO, label: MaskLabel) -> Pixels:
    """A mask as uint8 `[H, W]` with values {0, 255}.

    Without a label, foreground is 1 in a mask of zeros and ones, else 128 and above; in colour, the brightest channel
    counts. With one, foreground is where the image holds that number: the index in an image with a palette, else the
    grey value. A map of zeros alone is an empty mask.

    Raises:
        ScanError: as `scan_files.load_grey`; without a label also when the values are neither of the two kinds, as in
            a map of several labels, or the shape stands in the transparency; with one, when it is not there, or the
            image is in colour.
    """
    if label.name is None:
        return decode_image(file, _foreground, high_byte=False)
    values = decode_image(file, _label_numbers, high_byte=False)
    present = [str(value) for value in np.unique(values) if value]
    chosen = label.choose(present)
    return np.where(values == int(chosen), 255, 0).astype(np.uint8) if chosen is not None else np.zeros_like(values)


def _foreground(image: "Image.Image") -> Pixels:
    """The mask of a decoded image of one structure; 16-bit values above 255 count by their high byte."""
    if image.mode == "F":
        raise ScanError("unsupported pixel format", "floating point; wanted 8 or 16 bit")
    if image.mode.startswith("I"):
        values = sixteen_bit(image)
    else:
        values = np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB"))
    _check_one_structure(values, image.format == "JPEG")
    if image.mode == "P":
        _check_palette(values)
    brightest = values if values.ndim == 2 else values.max(axis=-1)
    mask = _binary((brightest >> 8 if brightest.max() > 255 else brightest).astype(np.uint8))
    if image.has_transparency_data:
        _check_transparency(np.asarray(image.convert("RGBA"))[..., 3], mask)
    return mask


def _binary(values: Pixels) -> Pixels:
    brightest = int(values.max())
    if 1 < brightest < 128:
        raise ScanError(
            "not binary", f"values up to {brightest}; wanted 0 and 1, or 0 and 255, or --mask-label for one of several"
        )
    return np.where(values >= (1 if brightest == 1 else 128), 255, 0).astype(np.uint8)


def _check_one_structure(values: np.ndarray, noisy: bool) -> None:
    """Refuse flat areas of more than two values: the darkest is the background, and the others would be merged."""
    rows = values.reshape(*values.shape[:2], -1).astype(np.int64)
    codes = rows @ (65536 ** np.arange(rows.shape[-1]))
    flat = _flat_values(codes)
    if len(flat) < 3:
        return
    noise = _NOISE if noisy or len(np.unique(codes)) > _FEW_VALUES else 0
    noise *= 257 if values.max() > 255 else 1
    channels = flat[:, None] // (65536 ** np.arange(rows.shape[-1])) % 65536
    background = channels[channels.max(axis=-1).argmin()]
    others = channels[np.abs(channels - background).max(axis=-1) > noise]
    if len(others) and np.ptp(others, axis=0).max() > noise:
        way = "one by its value with --mask-label" if values.ndim == 2 else "one, or save a palette"
        raise ScanError("of several labels", f"flat areas of {1 + len(others)} values: choose {way}")


def _flat_values(codes: np.ndarray) -> np.ndarray:
    """The values that fill a square of three by three pixels somewhere."""
    middle = codes[1:-1, 1:-1]
    flat = np.ones(middle.shape, bool)
    for down in range(3):
        for right in range(3):
            flat &= codes[down : down + flat.shape[0], right : right + flat.shape[1]] == middle
    return np.unique(middle[flat])


def _check_transparency(alpha: Pixels, mask: Pixels) -> None:
    """Refuse a mask that looks different on black and on white: where it is transparent is no part of it."""
    constant = alpha.min() == alpha.max() != 0
    if not constant and ((alpha >= 128) != (mask > 0)).any():
        raise ScanError(
            "unsupported pixel format",
            "a shape that stands in the transparency: save it as black and white, without alpha",
        )


def _check_palette(colours: Pixels) -> None:
    """Refuse a palette of several colours, each of which stands for a structure; shades of grey are soft edges."""
    used = np.unique(colours.reshape(-1, 3), axis=0)
    bright = int((used.max(axis=-1) >= 128).sum())
    if bright > 1 and (used != used[:, :1]).any():
        raise ScanError("of several labels", f"{bright} colours: choose one by its index with --mask-label")


def _label_numbers(image: "Image.Image") -> Pixels:
    """The numbers of a label map: palette indices or grey values, up to 255."""
    if image.mode.startswith("I"):
        values = sixteen_bit(image)
        if values.max() > 255:
            raise ScanError("unsupported pixel format", f"labels up to {values.max()}; at most 255 are read")
        return values.astype(np.uint8)
    if image.mode in ("1", "L", "P"):
        return np.asarray(image).astype(np.uint8)
    raise ScanError(
        "unsupported pixel format", "a mask in colour has no numbers: --mask-label wants a palette or grey values"
    )


def _read(file: BinaryIO, label: MaskLabel, part: str) -> Outlines:
    del part  # a file has one scan
    pixels = read_mask_image(file, label)
    height, width = pixels.shape
    return Outlines((Raster(pixels),), (width, height))


IMAGE = MaskFormat("image", "images", IMAGE_SUFFIXES, lambda file: True, _read, numbered_labels=True)
