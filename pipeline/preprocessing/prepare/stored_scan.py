"""From a raw scan to what is stored of it: cropped, filled in where something was burned in, resized."""

from typing import NamedTuple

from pipeline.preprocessing.inputs.find_scans import ScanFile
from pipeline.preprocessing.settings import PreprocessSettings
from tfgan_thyroid.data import preprocessing
from tfgan_thyroid.data.crops.overlays import Mask, fill_in, find_overlays
from tfgan_thyroid.data.crops.policies import Crop, find_crop
from tfgan_thyroid.data.masks.formats import read_mask
from tfgan_thyroid.data.scans.scan import Pixels, Scan, ScanError


class StoredScan(NamedTuple):
    """What is stored of a scan, and what was done to it."""

    image: Pixels  # grey levels, uint8 `[size, size]`
    mask: Pixels | None  # values {0, 255} of the same shape; None if masks are not wanted
    crop: Crop  # the boxes of the raw scan
    inpainted: Mask | None  # which pixels of the kept part were filled in; None if they were not looked for
    stray_polygons: int = 0  # how many polygons of the mask were left out, because no pixel lies inside


def prepare_scan(file: ScanFile, scan: Scan, settings: PreprocessSettings) -> StoredScan:
    """Crop, fill in and resize a scan and its mask."""
    crop = find_crop(settings.crop, scan)
    box = crop.kept
    kept = preprocessing.crop(scan.pixels, box)
    if min(kept.shape) < settings.image_size:
        raise ScanError(
            "too small",
            f"{kept.shape[1]}x{kept.shape[0]} pixels after the crop; wanted at least {settings.image_size} a side",
        )
    inpainted = None
    if settings.inpaint_overlays:
        inpainted = find_overlays(kept, None if scan.colour is None else preprocessing.crop(scan.colour, box))
        kept = fill_in(kept, inpainted)
    image = preprocessing.resize(kept, settings.image_size)
    if not settings.masks:
        return StoredScan(image, None, crop, inpainted)
    if scan.frame is not None:
        raise ScanError("mask missing", "a mask belongs to one frame: export the frames as files of their own")
    height, width = scan.pixels.shape
    raw_mask, stray = read_mask(file.mask, (height, width), settings.mask_label)
    mask = preprocessing.resize_mask(preprocessing.crop(raw_mask, box), settings.image_size)
    return StoredScan(image, mask, crop, inpainted, stray)
