"""Second pass: each shard is written by one call, straight from the spill files, so no image crosses a shuffle."""

import dataclasses
import os
import uuid
from collections.abc import Iterable, Iterator, Sequence

import apache_beam as beam

from pipeline.preprocessing.prepare.prepared_scan import PreparedScan, RejectedScan, read_spilled, read_thumbnail
from pipeline.preprocessing.prepare.spilled_objects import load_object, spill_object
from pipeline.preprocessing.settings import PreprocessSettings
from pipeline.preprocessing.sheets.contact_sheet import write_contact_sheet
from pipeline.preprocessing.sheets.crop_sheet import SHOWN, sheet_rank, write_crop_sheet
from pipeline.preprocessing.splits.listed_splits import plan_listed_splits
from pipeline.preprocessing.splits.plan_splits import SplitPlan, plan_splits
from pipeline.preprocessing.splits.report_alike import (
    AlikeScans,
    NamedDuplicates,
    find_alike,
    name_duplicates,
    report_alike,
)
from pipeline.preprocessing.write.split_statistics import SplitStatistics
from tfgan_thyroid.data.records import schema
from tfgan_thyroid.data.records.examples import encode_example, write_record

_SAMPLE_SIZE = {"train": 32, "eval": 16, "test": 16}


@dataclasses.dataclass(frozen=True)
class ShardTask:
    """Write shard `shard` of `shards` of `split`, with the spilled list of scans that `scans` names, in its order."""

    split: str
    shard: int
    shards: int
    scans: str


@dataclasses.dataclass(frozen=True)
class SheetTask:
    """Draw the contact sheet of these (split, scan), and the crop sheet of the others."""

    sample: list[tuple[str, PreparedScan]]
    cropped: list[PreparedScan]


@dataclasses.dataclass(frozen=True)
class PlanSummary:
    """What the last step has to write down besides the shards' statistics; spilled on its way there."""

    plan: SplitPlan
    rejected: list[RejectedScan]
    near_duplicates: list[AlikeScans]
    duplicates: list[NamedDuplicates]


@dataclasses.dataclass(frozen=True)
class WrittenShard:
    """A shard that is on disk, with the name of its spilled `SplitStatistics`."""

    split: str
    statistics: str


class PlanTasksFn(beam.DoFn):
    """The names of all `PreparedBatch`es -> a `ShardTask` for each shard, a `SheetTask`, and a `PlanSummary`'s name."""

    def __init__(self, settings: PreprocessSettings) -> None:
        self._settings = settings

    def process(self, element: tuple[None, Iterable[str]]) -> Iterator[ShardTask | SheetTask | str]:
        """Plan the splits and hand out the work."""
        scans: list[PreparedScan] = []
        rejected: list[RejectedScan] = []
        for name in element[1]:
            batch = load_object(name, self._settings)
            scans += batch.prepared
            rejected += batch.rejected
        alike = find_alike(scans, self._settings)
        plan = plan_scans(scans, alike, self._settings)
        alike_report = report_alike(scans, alike, plan, self._settings)
        duplicates = name_duplicates(scans, alike, plan, self._settings)
        rejected += [RejectedScan(scans[position].name, *why) for position, why in plan.left_out.items()]
        scans = [scan for position, scan in enumerate(scans) if position not in plan.left_out]
        sample: list[tuple[str, PreparedScan]] = []
        for split, members in order_by_split(scans, plan).items():
            shards = min(self._settings.shards, len(members))
            for shard in range(shards):
                yield ShardTask(split, shard, shards, spill_object(members[shard::shards], self._settings))
            stride = max(1, len(members) // _SAMPLE_SIZE[split])
            sample += [(split, scan) for scan in members[::stride][: _SAMPLE_SIZE[split]]]
        with_thumbnail = sorted((scan for scan in scans if scan.thumbnail_bytes), key=lambda s: sheet_rank(s.name))
        yield SheetTask(sample, with_thumbnail[:SHOWN])
        yield spill_object(PlanSummary(plan, rejected, alike_report, duplicates), self._settings)


def plan_scans(
    scans: Sequence[PreparedScan], alike: Sequence[Sequence[int]], settings: PreprocessSettings
) -> SplitPlan:
    """The splits that the lists give, else those drawn by the seed."""
    known = [(scan.group, scan.digest) for scan in scans]
    if settings.listed is None:
        return plan_splits(known, settings.splits, settings.seed, alike)
    return plan_listed_splits(known, [scan.listed or "" for scan in scans], alike)


def order_by_split(scans: Sequence[PreparedScan], plan: SplitPlan) -> dict[str, list[PreparedScan]]:
    """The scans of each split in the order of their digests: as good as shuffled, and the same on every run."""
    members: dict[str, list[PreparedScan]] = {split: [] for split in schema.SPLITS}
    for scan in sorted(scans, key=lambda scan: (scan.digest, scan.name)):
        members[plan.split_of_group[scan.group]].append(scan)
    return members


class RunTaskFn(beam.DoFn):
    """A task -> (None, `WrittenShard`), nothing for the contact sheet; a `PlanSummary`'s name goes on as it is."""

    def __init__(self, settings: PreprocessSettings) -> None:
        self._settings = settings

    def process(self, task: ShardTask | SheetTask | str) -> Iterator[tuple[None, WrittenShard | str]]:
        """Do one task."""
        if isinstance(task, SheetTask):
            write_contact_sheet(task.sample, self._settings)
            thumbnails = [(scan.name, read_thumbnail(scan, self._settings)) for scan in task.cropped]
            write_crop_sheet(thumbnails, self._settings)
        elif isinstance(task, ShardTask):
            statistics = write_shard(task, self._settings)
            yield None, WrittenShard(task.split, spill_object(statistics, self._settings))
        else:
            yield None, task


def write_shard(task: ShardTask, settings: PreprocessSettings) -> SplitStatistics:
    """Write one TFRecord file from the spill files; it appears by one rename, so that a second attempt does no harm."""
    folder = schema.split_directory(settings.staging, task.split)
    folder.mkdir(exist_ok=True)
    statistics = SplitStatistics()
    written = settings.spill / f"{uuid.uuid4().hex}.tfrecord"
    with open(written, "wb") as file:
        for scan in load_object(task.scans, settings):
            image_png, mask_png, histogram = read_spilled(scan, settings)
            source_id = settings.identifier("source", scan.name)
            group_id = settings.identifier("group", os.fsencode(scan.group))
            record = encode_example(
                image_png,
                height=settings.image_size,
                width=settings.image_size,
                source_id=source_id,
                group_id=group_id,
                sha256=scan.digest,
                mask_png=mask_png,
            )
            write_record(file, record)
            statistics.add(scan, histogram, group_id)
            if scan.inpainted_pixels is not None:
                statistics.inpainted[source_id] = scan.inpainted_pixels
    written.replace(folder / schema.shard_name(task.shard, task.shards))
    return statistics
