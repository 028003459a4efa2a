"""The mask of one scan, in whichever form it was drawn: the one place that knows all of them."""

import dataclasses

from tfgan_thyroid.data.masks.ddti import read_ddti
from tfgan_thyroid.data.masks.images import read_mask_image
from tfgan_thyroid.data.masks.labelme import read_labelme
from tfgan_thyroid.data.masks.labels import MaskLabel
from tfgan_thyroid.data.masks.outlines import Outlines, draw
from tfgan_thyroid.data.scans.scan import Pixels, ScanError
from tfgan_thyroid.data.scans.sources import Source, open_source

MASK_FORMATS = ("image", "coco", "labelme", "ddti")


@dataclasses.dataclass(frozen=True)
class MaskFile:
    """Where the mask of a scan is to be found.

    Args:
        form: one of `MASK_FORMATS`.
        source: the file; with COCO, the one for the whole set.
        image: with DDTI, the number of the scan within its case.
        outlines: with COCO, what was drawn, or why it cannot be used; read beforehand, since it is one file for all.
    """

    form: str
    source: Source
    image: int = 0
    outlines: Outlines | ScanError | None = None


def read_mask(mask: MaskFile | None, shape: tuple[int, int], label: MaskLabel) -> Pixels:
    """The mask of a scan of that (height, width), uint8 with values {0, 255}.

    Raises:
        ScanError: there is none (None), it cannot be used, or it belongs to a scan of another size; every reason
            starts with "mask".
    """
    if mask is None:
        raise ScanError("mask missing", "no mask of the same name, or several")
    try:
        pixels = _read(mask, shape, label)
        if pixels.shape != shape:
            raise ScanError("of another size", f"{_size(pixels.shape)}, scan {_size(shape)} pixels")
    except ScanError as error:
        raise ScanError(f"mask {error.reason}", error.detail) from None
    return pixels


def _read(mask: MaskFile, shape: tuple[int, int], label: MaskLabel) -> Pixels:
    if isinstance(mask.outlines, ScanError):
        raise mask.outlines
    if mask.outlines is not None:
        return draw(mask.outlines, *shape)
    with open_source(mask.source) as file:
        if mask.form == "labelme":
            return draw(read_labelme(file, label), *shape)
        if mask.form == "ddti":
            return draw(read_ddti(file, mask.image), *shape)
        return read_mask_image(file, label)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}x{shape[0]}"
