"""First pass: read each scan once, check, crop and resize it, and set the result aside on disk.

Scans travel in batches, so that Beam's cost for each element is shared by many scans. The pixels wait in a spill file
for the second pass, and so does a row of names, hashes and counts for each scan: only the names of files go on.
"""

import dataclasses
import hashlib
import uuid
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

import apache_beam as beam
import numpy as np

from pipeline.progress import PROGRESS_SUFFIX
from pipeline.transforms.crop_sheet import draw_thumbnail, sheet_rank
from pipeline.transforms.find_scans import ScanFile
from pipeline.transforms.group_scans import group_of
from pipeline.transforms.memory_reuse import keep_freed_memory
from pipeline.transforms.perceptual_hash import perceptual_hash
from pipeline.transforms.settings import PreprocessSettings
from pipeline.transforms.spilled_objects import load_object, spill_object
from tfgan_thyroid.data import preprocessing
from tfgan_thyroid.data.crop_policies import Crop, find_crop
from tfgan_thyroid.data.mask_files import read_mask
from tfgan_thyroid.data.overlays import Mask, fill_in, find_overlays
from tfgan_thyroid.data.scan import Pixels, Scan, ScanError
from tfgan_thyroid.data.scan_files import encode_png
from tfgan_thyroid.data.scan_reader import read_scans

# Half a second of work for each element, and enough elements for many workers.
SCANS_PER_BATCH = 32
# What the name of a group starts with if a DICOM file tells it; a hash follows.
DICOM_PATIENT = "patient:"


@dataclasses.dataclass(frozen=True, slots=True)
class PreparedScan:
    """Where a prepared scan lies and what is to be known of it.

    Args:
        name: as in `ScanFile`.
        group: as from `group_of_scan`.
        digest: SHA-256 of the stored pixels, hexadecimal: equal digests are duplicates.
        record_digest: SHA-256 of the stored pixels and the stored mask.
        raw_height: pixels of the raw scan.
        raw_width: pixels of the raw scan.
        mask_pixels: foreground pixels of the stored mask; None without masks.
        spill_file: name of the file in the spill folder.
        offset: where in it the image starts; the mask and the histogram (256 uint32) follow.
        image_bytes: length of the image's PNG.
        mask_bytes: length of the mask's PNG, 0 without masks.
        perceptual_hash: as from `perceptual_hash.perceptual_hash`; empty if near-duplicates are not sought.
        listed: the split that a list gives the scan; None without lists.
        crop_size: (height, width) of what was kept of the raw scan, pixels.
        inpainted_pixels: pixels of the raw scan that were filled in; None if they were not looked for.
        thumbnail_bytes: length of the crop sheet's PNG, which follows the histogram; 0 if this scan is not on it.
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
    perceptual_hash: bytes = b""
    listed: str | None = None
    crop_size: tuple[int, int] = (0, 0)
    inpainted_pixels: int | None = None
    thumbnail_bytes: int = 0


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


def spill_batches(scans: Sequence[ScanFile], settings: PreprocessSettings) -> list[str]:
    """Spill `scans` in portions of `SCANS_PER_BATCH`; returns the names of the files: the elements of the job."""
    starts = range(0, len(scans), SCANS_PER_BATCH)
    return [spill_object(scans[start : start + SCANS_PER_BATCH], settings) for start in starts]


class PrepareScansFn(beam.DoFn):
    """Name of a spilled batch of `ScanFile`s -> (None, name of a spilled `PreparedBatch`), and a spill file of pixels.

    A batch that an engine runs twice gets two files, and only the one named by the surviving result is read.
    """

    def __init__(self, settings: PreprocessSettings) -> None:
        self._settings = settings

    def setup(self) -> None:
        """Prepare the worker process."""
        keep_freed_memory()

    def process(self, name: str) -> Iterator[tuple[None, str]]:
        """Prepare the scans of one batch."""
        batch = PreparedBatch([], [])
        path = self._settings.spill / f"{uuid.uuid4().hex}.bin"
        with open(path, "wb") as spill, open(path.with_suffix(PROGRESS_SUFFIX), "wb", buffering=0) as progress:
            for scan in load_object(name, self._settings):
                self._prepare_file(scan, batch, spill, path.name)
                progress.write(b".")
        yield None, spill_object(batch, self._settings)

    def _prepare_file(self, file: ScanFile, batch: PreparedBatch, spill: BinaryIO, spill_file: str) -> None:
        """Prepare the one scan of a file, or each of its frames; what a later frame spoils is told under its name."""
        if self._settings.listed is not None and file.name not in self._settings.listed:
            batch.rejected.append(RejectedScan(file.name, "in no list", "the split lists do not name it"))
            return
        try:
            for scan in read_scans(file.source, self._settings.white_level, self._settings.inpaint_overlays):
                name = frame_name(file, scan)
                try:
                    batch.prepared.append(spill_scan(file, scan, self._settings, spill, spill_file))
                except ScanError as error:
                    batch.rejected.append(RejectedScan(name, error.reason, error.detail))
        except ScanError as error:
            batch.rejected.append(RejectedScan(file.name, error.reason, error.detail))


def frame_name(file: ScanFile, scan: Scan) -> bytes:
    """The name of a scan: its file's, followed by the number of the frame where there are several."""
    return file.name if scan.frame is None else b"%s#%05d" % (file.name, scan.frame)


def group_of_scan(file: ScanFile, scan: Scan, settings: PreprocessSettings) -> str:
    """The group that the table or the name of the file tells, else the patient that it names itself, else it alone."""
    by_name = group_of(settings.group_pattern, file.name, settings.groups)
    return by_name if scan.group is None or by_name.startswith("group:") else DICOM_PATIENT + scan.group


def spill_scan(
    file: ScanFile, scan: Scan, settings: PreprocessSettings, spill: BinaryIO, spill_file: str
) -> PreparedScan:
    """Prepare one scan and append its pixels to `spill`, the open file of the name `spill_file`.

    Raises:
        ScanError: the scan or its mask cannot be used.
    """
    name = frame_name(file, scan)
    image, mask, crop, inpainted = prepare_scan(file, scan, settings)
    image_png = encode_png(image)
    mask_png = b"" if mask is None else encode_png(mask)
    thumbnail = draw_thumbnail(scan.pixels, crop, inpainted) if sheet_rank(name) < settings.sheet_share else b""
    offset = spill.tell()
    spill.write(image_png + mask_png + histogram(image).tobytes() + thumbnail)
    digest = hashlib.sha256(b"%d %d\n" % image.shape + image.tobytes()).hexdigest()
    mask_digest = b"" if mask is None else hashlib.sha256(mask.tobytes()).digest()
    return PreparedScan(
        name=name,
        group=group_of_scan(file, scan, settings),
        digest=digest,
        record_digest=hashlib.sha256(bytes.fromhex(digest) + mask_digest).hexdigest(),
        raw_height=scan.pixels.shape[0],
        raw_width=scan.pixels.shape[1],
        mask_pixels=None if mask is None else int(np.count_nonzero(mask)),
        spill_file=spill_file,
        offset=offset,
        image_bytes=len(image_png),
        mask_bytes=len(mask_png),
        perceptual_hash=b"" if settings.near_duplicates is None else perceptual_hash(image),
        listed=None if settings.listed is None else settings.listed[file.name],
        crop_size=(crop.kept[3] - crop.kept[1], crop.kept[2] - crop.kept[0]),
        inpainted_pixels=None if inpainted is None else int(np.count_nonzero(inpainted)),
        thumbnail_bytes=len(thumbnail),
    )


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


class StoredScan(NamedTuple):
    """What is stored of a scan, and what was done to it.

    Attributes:
        image: grey levels, uint8 `[size, size]`.
        mask: values {0, 255} of the same shape; None if masks are not wanted.
        crop: the boxes of the raw scan.
        inpainted: which pixels of the kept part were filled in; None if they were not looked for.
    """

    image: Pixels
    mask: Pixels | None
    crop: Crop
    inpainted: Mask | None


def prepare_scan(file: ScanFile, scan: Scan, settings: PreprocessSettings) -> StoredScan:
    """Crop, fill in and resize a scan and its mask.

    Raises:
        ScanError: the scan or its mask cannot be used.
    """
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
    raw_mask = read_mask(file.mask, (height, width), settings.mask_label)
    mask = preprocessing.resize_mask(preprocessing.crop(raw_mask, box), settings.image_size)
    return StoredScan(image, mask, crop, inpainted)


def histogram(image: Pixels) -> np.ndarray:
    """How often each grey level occurs, uint32 `[256]`."""
    return np.bincount(image.ravel(), minlength=256).astype(np.uint32)
