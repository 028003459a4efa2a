"""Masks as images: black and white, or a map of labels of which one is chosen."""

from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from tfgan_thyroid.data.masks.labels import MaskLabel
from tfgan_thyroid.data.scans.files import decode_image, sixteen_bit
from tfgan_thyroid.data.scans.scan import Pixels, ScanError

if TYPE_CHECKING:
    from PIL import Image

_NO_MASK = "unsupported pixel format"


def read_mask_image(file: BinaryIO, label: MaskLabel) -> Pixels:
    """A mask as uint8 `[H, W]` with values {0, 255}.

    Without a label, foreground is 1 in a mask of zeros and ones, else 128 and above; in colour, the brightest channel
    counts. With one, foreground is where the image holds that number: the index in an image with a palette, else the
    grey value. A map of zeros alone is an empty mask.

    Raises:
        ScanError: as `scan_files.load_grey`; without a label also when the values are neither of the two kinds, as in
            a map of several labels; with one, when it is not there, or the image is in colour.
    """
    if label.name is None:
        return _binary(decode_image(file, _brightest_channel))
    values = decode_image(file, _label_numbers)
    present = [str(value) for value in np.unique(values) if value]
    chosen = label.choose(present)
    return np.where(values == int(chosen), 255, 0).astype(np.uint8) if chosen is not None else np.zeros_like(values)


def _binary(values: Pixels) -> Pixels:
    brightest = int(values.max())
    if 1 < brightest < 128:
        raise ScanError(
            "not binary", f"values up to {brightest}; wanted 0 and 1, or 0 and 255, or --mask-label for one of several"
        )
    return np.where(values >= (1 if brightest == 1 else 128), 255, 0).astype(np.uint8)


def _brightest_channel(image: "Image.Image") -> Pixels:
    """The largest of the channels of a decoded mask, after the palette; 16-bit values above 255 by their high byte."""
    if image.mode.startswith("I"):
        values = sixteen_bit(image)
        return (values >> 8 if values.max() > 255 else values).astype(np.uint8)
    if image.mode == "L":
        return np.asarray(image)
    if image.mode == "F":
        raise ScanError(_NO_MASK, "floating point; wanted 8 or 16 bit")
    colours = np.asarray(image.convert("RGB"))
    if image.mode == "P":
        _check_palette(colours)
    return colours.max(axis=-1)


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
            raise ScanError(_NO_MASK, f"labels up to {values.max()}; at most 255 are read")
        return values.astype(np.uint8)
    if image.mode in ("1", "L", "P"):
        return np.asarray(image).astype(np.uint8)
    raise ScanError(_NO_MASK, "a mask in colour has no numbers: --mask-label wants a palette or grey values")
