"""First pass: read each scan once, check, crop and resize it, and set the result aside on disk.

Scans travel in batches, so that Beam's cost for each element is shared by many scans. The pixels wait in a spill file
for the second pass, and so does a row of names, hashes and counts for each scan: only the names of files go on.
"""

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import apache_beam as beam
import numpy as np

from pipeline.preprocessing.inputs.find_scans import ScanFile
from pipeline.preprocessing.inputs.group_scans import group_of_scan
from pipeline.preprocessing.prepare.memory_reuse import keep_freed_memory
from pipeline.preprocessing.prepare.perceptual_hash import perceptual_hash
from pipeline.preprocessing.prepare.prepared_scan import PreparedBatch, PreparedScan, RejectedScan
from pipeline.preprocessing.prepare.spilled_objects import load_object, spill_object
from pipeline.preprocessing.prepare.stored_scan import prepare_scan
from pipeline.preprocessing.progress import PROGRESS_SUFFIX
from pipeline.preprocessing.settings import PreprocessSettings
from pipeline.preprocessing.sheets.crop_sheet import draw_thumbnail, sheet_rank
from tfgan_thyroid.data.scans.files import encode_png
from tfgan_thyroid.data.scans.reader import read_scans
from tfgan_thyroid.data.scans.scan import LostFrame, Pixels, Scan, ScanError

# Half a second of work for each element, and enough elements for many workers.
SCANS_PER_BATCH = 32


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
        """Prepare the one scan of a file, or each frame; one that cannot be read is listed under its name."""
        if self._settings.listed is not None and file.name not in self._settings.listed:
            batch.rejected.append(RejectedScan(file.name, "in no list", "the split lists do not name it"))
            return
        try:
            for scan in read_scans(file.source, self._settings.white_level, self._settings.inpaint_overlays):
                name = frame_name(file, scan.frame)
                if isinstance(scan, LostFrame):
                    batch.rejected.append(RejectedScan(name, scan.error.reason, scan.error.detail))
                    continue
                try:
                    batch.prepared.append(spill_scan(file, scan, self._settings, spill, spill_file))
                except ScanError as error:
                    batch.rejected.append(RejectedScan(name, error.reason, error.detail))
        except ScanError as error:
            batch.rejected.append(RejectedScan(file.name, error.reason, error.detail))


def frame_name(file: ScanFile, frame: int | None) -> bytes:
    """The name of a scan: its file's, followed by the number of the frame where there are several."""
    return file.name if frame is None else b"%s#%05d" % (file.name, frame)


def spill_scan(
    file: ScanFile, scan: Scan, settings: PreprocessSettings, spill: BinaryIO, spill_file: str
) -> PreparedScan:
    """Prepare one scan and append its pixels to `spill`, the open file of the name `spill_file`.

    Raises:
        ScanError: the scan or its mask cannot be used.
    """
    name = frame_name(file, scan.frame)
    image, mask, crop, inpainted, stray = prepare_scan(file, scan, settings)
    image_png = encode_png(image)
    mask_png = b"" if mask is None else encode_png(mask)
    thumbnail = draw_thumbnail(scan.pixels, crop, inpainted) if sheet_rank(name) < settings.sheet_share else b""
    offset = spill.tell()
    spill.write(image_png + mask_png + histogram(image).tobytes() + thumbnail)
    digest = hashlib.sha256(b"%d %d\n" % image.shape + image.tobytes()).hexdigest()
    mask_digest = b"" if mask is None else hashlib.sha256(mask.tobytes()).digest()
    return PreparedScan(
        name=name,
        group=group_of_scan(file.name, scan.group, settings.group_pattern, settings.groups),
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
        stray_polygons=stray,
    )


def histogram(image: Pixels) -> np.ndarray:
    """How often each grey level occurs, uint32 `[256]`."""
    return np.bincount(image.ravel(), minlength=256).astype(np.uint32)
