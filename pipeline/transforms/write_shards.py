"""Second pass: each shard is written by one call, straight from the spill files, so no image crosses a shuffle."""

import os
from collections.abc import Iterable, Iterator, Sequence

import apache_beam as beam
import numpy as np

from pipeline.transforms.plan_splits import SplitPlan, plan_splits
from pipeline.transforms.prepare_scans import PreparedScan
from pipeline.transforms.settings import PreprocessSettings
from pipeline.transforms.split_statistics import SplitStatistics
from tfgan_thyroid.data import schema
from tfgan_thyroid.data.examples import encode_example, write_record

PLAN = "plan"
SAMPLE = "sample"
_SAMPLE_SIZE = {"train": 32, "eval": 16, "test": 16}

ShardKey = tuple[str, int, int]


class AssignShardsFn(beam.DoFn):
    """The list of all `PreparedScan`s -> ((split, shard, shards), scan) of each.

    Also the `SplitPlan` under the tag `PLAN`, and (split, scan) for the contact sheet under `SAMPLE`.
    """

    def __init__(self, settings: PreprocessSettings) -> None:
        self._settings = settings

    def process(self, scans: list[PreparedScan]) -> Iterator:
        """Plan the splits and hand out the scans."""
        plan = plan_splits([(scan.group, scan.digest) for scan in scans], self._settings.splits, self._settings.seed)
        yield beam.pvalue.TaggedOutput(PLAN, plan)
        for split, members in order_by_split(scans, plan).items():
            shards = min(self._settings.shards, len(members))
            for index, scan in enumerate(members):
                yield (split, index % shards, shards), scan
            for scan in members[:: max(1, len(members) // _SAMPLE_SIZE[split])][: _SAMPLE_SIZE[split]]:
                yield beam.pvalue.TaggedOutput(SAMPLE, (split, scan))


def order_by_split(scans: Sequence[PreparedScan], plan: SplitPlan) -> dict[str, list[PreparedScan]]:
    """The scans of each split in the order of their digests: as good as shuffled, and the same on every run."""
    members: dict[str, list[PreparedScan]] = {}
    for scan in sorted(scans, key=_record_order):
        members.setdefault(plan.split_of_group[scan.group], []).append(scan)
    return members


class WriteShardFn(beam.DoFn):
    """((split, shard, shards), scans) -> (split, `SplitStatistics`), and the shard on disk."""

    def __init__(self, settings: PreprocessSettings) -> None:
        self._settings = settings

    def process(self, element: tuple[ShardKey, Iterable[PreparedScan]]) -> Iterator[tuple[str, SplitStatistics]]:
        """Write one shard."""
        (split, shard, shards), scans = element
        folder = schema.split_directory(self._settings.staging, split)
        folder.mkdir(exist_ok=True)
        statistics = SplitStatistics()
        with open(folder / schema.shard_name(shard, shards), "wb") as file:
            for scan in sorted(scans, key=_record_order):
                image_png, mask_png, histogram = read_spilled(scan, self._settings)
                write_record(file, self._example(scan, image_png, mask_png))
                statistics.add(scan, histogram)
        yield split, statistics

    def _example(self, scan: PreparedScan, image_png: bytes, mask_png: bytes | None) -> bytes:
        return encode_example(
            image_png,
            height=self._settings.image_size,
            width=self._settings.image_size,
            source_id=self._settings.identifier("source", scan.name),
            group_id=self._settings.identifier("group", os.fsencode(scan.group)),
            sha256=scan.digest,
            mask_png=mask_png,
        )


def read_spilled(scan: PreparedScan, settings: PreprocessSettings) -> tuple[bytes, bytes | None, np.ndarray]:
    """What the first pass set aside: the image's PNG, the mask's PNG or None, the histogram uint32 `[256]`."""
    with open(settings.spill / scan.spill_file, "rb") as file:
        file.seek(scan.offset)
        image_png = file.read(scan.image_bytes)
        mask_png = file.read(scan.mask_bytes)
        histogram = np.frombuffer(file.read(4 * 256), np.uint32)
    return image_png, mask_png or None, histogram


def _record_order(scan: PreparedScan) -> tuple[str, bytes]:
    return scan.digest, scan.name
