"""The forms that masks come in, and the mask of one scan, whichever it has."""

from tfgan_thyroid.data.masks.coco import COCO
from tfgan_thyroid.data.masks.ddti import DDTI
from tfgan_thyroid.data.masks.images import IMAGE
from tfgan_thyroid.data.masks.labelme import LABELME
from tfgan_thyroid.data.masks.labels import MaskLabel
from tfgan_thyroid.data.masks.mask_format import MaskFile, MaskFormat
from tfgan_thyroid.data.masks.outlines import Outlines, draw
from tfgan_thyroid.data.scans.scan import Pixels, ScanError
from tfgan_thyroid.data.scans.sources import open_source

# Of those with the same suffixes, the first that recognises a file has it, else the last: reading it says why not.
MASK_FORMATS = {form.name: form for form in (IMAGE, COCO, LABELME, DDTI)}


def formats_of(name: str) -> list[MaskFormat]:
    """The forms that a file of this name may have."""
    return [form for form in MASK_FORMATS.values() if name.lower().endswith(form.suffixes)]


def read_mask(mask: MaskFile | None, shape: tuple[int, int], label: MaskLabel) -> tuple[Pixels, int]:
    """The mask of a scan of that (height, width), uint8 with values {0, 255}, and how many stray polygons it had.

    Raises:
        ScanError: there is none (None), it cannot be used, or it belongs to a scan of another size; every reason
            starts with "mask".
    """
    if mask is None:
        raise ScanError("mask missing", "no mask of the same name, or several")
    try:
        return draw(_read(mask, label), *shape)
    except ScanError as error:
        raise ScanError(f"mask {error.reason}", error.detail) from None


def _read(mask: MaskFile, label: MaskLabel) -> Outlines:
    if isinstance(mask.outlines, ScanError):
        raise mask.outlines
    if mask.outlines is not None:
        return mask.outlines
    read = MASK_FORMATS[mask.form].read
    assert read is not None  # else the whole set would have been read beforehand
    with open_source(mask.source) as file:
        return read(file, label, mask.part)
