"""First pass: read each scan once, check, crop and resize it, and set the result aside on disk.

What goes on to the shuffle is a row of names, hashes and counts; the pixels wait in a spill file for the second pass.
"""

import dataclasses
import hashlib
import os
import uuid
from collections.abc import Iterator
from typing import BinaryIO

import apache_beam as beam
import numpy as np

from pipeline.progress import PROGRESS_SUFFIX
from pipeline.transforms.find_scans import ScanFile
from pipeline.transforms.group_scans import group_of
from pipeline.transforms.settings import PreprocessSettings
from tfgan_thyroid.data import preprocessing
from tfgan_thyroid.data.scan_files import Pixels, ScanError, encode_png, load_grey, load_mask
from tfgan_thyroid.errors import UserError

REJECTED = "rejected"


@dataclasses.dataclass(frozen=True)
class PreparedScan:
    """Where a prepared scan lies and what is to be known of it.

    Args:
        name: as in `ScanFile`.
        group: as from `group_of`.
        digest: SHA-256 of the stored pixels, hexadecimal: equal digests are duplicates.
        record_digest: SHA-256 of the stored pixels and the stored mask.
        raw_height: pixels of the raw scan.
        raw_width: pixels of the raw scan.
        mask_pixels: foreground pixels of the stored mask; None without masks.
        spill_file: name of the file in the spill folder.
        offset: where in it the image starts; the mask and the histogram (256 uint32) follow.
        image_bytes: length of the image's PNG.
        mask_bytes: length of the mask's PNG, 0 without masks.
    """

    name: bytes
    group: str
    digest: str
    record_digest: str
    raw_height: int
    raw_width: int
    mask_pixels: int | None
    spill_file: str
    offset: int
    image_bytes: int
    mask_bytes: int


@dataclasses.dataclass(frozen=True)
class RejectedScan:
    """A refused file: its name, a reason from a short list, and the detail in words."""

    name: bytes
    reason: str
    detail: str


class PrepareScanFn(beam.DoFn):
    """`ScanFile` -> `PreparedScan`, or a `RejectedScan` under the tag `REJECTED`."""

    def __init__(self, settings: PreprocessSettings) -> None:
        self._settings = settings
        self._spill_file = ""
        self._spill: BinaryIO
        self._progress: BinaryIO

    def start_bundle(self) -> None:
        """Open a spill file of its own."""
        self._spill_file = f"{uuid.uuid4().hex}.bin"
        path = self._settings.spill / self._spill_file
        self._spill = open(path, "wb")
        self._progress = open(path.with_suffix(PROGRESS_SUFFIX), "wb", buffering=0)

    def process(self, scan: ScanFile) -> Iterator:
        """Prepare one scan; its pixels go to the spill file."""
        self._progress.write(b".")
        try:
            image, mask, raw_shape = prepare_scan(scan, self._settings)
        except ScanError as error:
            yield beam.pvalue.TaggedOutput(REJECTED, RejectedScan(scan.name, error.reason, error.detail))
            return
        image_png = encode_png(image)
        mask_png = b"" if mask is None else encode_png(mask)
        offset = self._spill.tell()
        self._spill.write(image_png + mask_png + histogram(image).tobytes())
        digest = hashlib.sha256(b"%d %d\n" % image.shape + image.tobytes()).hexdigest()
        mask_digest = b"" if mask is None else hashlib.sha256(mask.tobytes()).digest()
        yield PreparedScan(
            name=scan.name,
            group=group_of(self._settings.group_pattern, scan.name),
            digest=digest,
            record_digest=hashlib.sha256(bytes.fromhex(digest) + mask_digest).hexdigest(),
            raw_height=raw_shape[0],
            raw_width=raw_shape[1],
            mask_pixels=None if mask is None else int(np.count_nonzero(mask)),
            spill_file=self._spill_file,
            offset=offset,
            image_bytes=len(image_png),
            mask_bytes=len(mask_png),
        )

    def finish_bundle(self) -> None:
        """Close the spill file, so that the second pass finds all of it."""
        self._spill.close()
        self._progress.close()


def prepare_scan(scan: ScanFile, settings: PreprocessSettings) -> tuple[Pixels, Pixels | None, tuple[int, int]]:
    """The stored image `[size, size]`, its mask if masks are wanted, and the raw scan's (height, width).

    Raises:
        ScanError: the scan or its mask cannot be used.
    """
    raw = load_grey(os.fsdecode(scan.path), settings.white_level)
    height, width = raw.shape
    try:
        box = preprocessing.crop_box(settings.crop, height, width)
    except UserError as error:
        raise ScanError("too small", str(error)) from None
    kept = preprocessing.crop(raw, box)
    if min(kept.shape) < settings.image_size:
        raise ScanError(
            "too small",
            f"{kept.shape[1]}x{kept.shape[0]} pixels after the crop; wanted at least {settings.image_size} a side",
        )
    image = preprocessing.resize(kept, settings.image_size)
    if not settings.masks:
        return image, None, (height, width)
    mask = preprocessing.resize_mask(preprocessing.crop(_load_mask(scan, (height, width)), box), settings.image_size)
    return image, mask, (height, width)


def histogram(image: Pixels) -> np.ndarray:
    """How often each grey level occurs, uint32 `[256]`."""
    return np.bincount(image.ravel(), minlength=256).astype(np.uint32)


def _load_mask(scan: ScanFile, shape: tuple[int, int]) -> Pixels:
    if not scan.mask_path:
        raise ScanError("mask missing", "no mask of the same name, or several")
    try:
        mask = load_mask(os.fsdecode(scan.mask_path))
    except ScanError as error:
        raise ScanError(f"mask {error.reason}", error.detail) from None
    if mask.shape != shape:
        raise ScanError(
            "mask of another size", f"mask {mask.shape[1]}x{mask.shape[0]}, scan {shape[1]}x{shape[0]} pixels"
        )
    return mask
