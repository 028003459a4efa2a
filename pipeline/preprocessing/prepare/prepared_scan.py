"""What the first pass sets aside of a scan: a row of names, hashes and counts, and pixels in a spill file."""

import dataclasses

import numpy as np

from pipeline.preprocessing.settings import PreprocessSettings


@dataclasses.dataclass(frozen=True, slots=True)
class PreparedScan:
    """Where a prepared scan lies and what is to be known of it."""

    name: bytes  # as in `ScanFile`
    group: str  # as from `group_of_scan`
    digest: str  # SHA-256 of the stored pixels, hexadecimal: equal digests are duplicates
    record_digest: str  # SHA-256 of the stored pixels and the stored mask
    raw_height: int  # pixels of the raw scan
    raw_width: int  # pixels of the raw scan
    mask_pixels: int | None  # foreground pixels of the stored mask; None without masks
    spill_file: str  # name of the file in the spill folder
    offset: int  # where in it the image starts; the mask and the histogram (256 uint32) follow
    image_bytes: int  # length of the image's PNG
    mask_bytes: int  # length of the mask's PNG, 0 without masks
    perceptual_hash: bytes = b""  # as from `perceptual_hash.perceptual_hash`; empty if near-duplicates are not sought
    listed: str | None = None  # the split that a list gives the scan; None without lists
    crop_size: tuple[int, int] = (0, 0)  # (height, width) of what was kept of the raw scan, pixels
    inpainted_pixels: int | None = None  # pixels of the raw scan that were filled in; None if they were not looked for
    thumbnail_bytes: int = 0  # length of the crop sheet's PNG, which follows the histogram; 0 if this scan is not on it
    stray_polygons: int = 0  # polygons of the mask that were left out, because no pixel lies inside


@dataclasses.dataclass(frozen=True, slots=True)
class RejectedScan:
    """A refused file: its name, a reason from a short list, and the detail in words."""

    name: bytes
    reason: str
    detail: str


@dataclasses.dataclass(frozen=True)
class PreparedBatch:
    """What became of a batch of scans."""

    prepared: list[PreparedScan]
    rejected: list[RejectedScan]


def read_spilled(scan: PreparedScan, settings: PreprocessSettings) -> tuple[bytes, bytes | None, np.ndarray]:
    """What the first pass set aside: the image's PNG, the mask's PNG or None, the histogram uint32 `[256]`."""
    with open(settings.spill / scan.spill_file, "rb") as file:
        file.seek(scan.offset)
        image_png = file.read(scan.image_bytes)
        mask_png = file.read(scan.mask_bytes)
        histogram = np.frombuffer(file.read(4 * 256), np.uint32)
    return image_png, mask_png or None, histogram


def read_thumbnail(scan: PreparedScan, settings: PreprocessSettings) -> bytes:
    """The PNG that the first pass set aside for the crop sheet."""
    with open(settings.spill / scan.spill_file, "rb") as file:
        file.seek(scan.offset + scan.image_bytes + scan.mask_bytes + 4 * 256)
        return file.read(scan.thumbnail_bytes)
