"""Which prepared scans look alike, and how the data set lists them: by their hashed ids, never by name."""

import dataclasses
import json
import os
from collections.abc import Sequence
from typing import Any

from pipeline.preprocessing.prepare.perceptual_hash import HASH_BITS
from pipeline.preprocessing.prepare.prepared_scan import PreparedScan
from pipeline.preprocessing.settings import PreprocessSettings
from pipeline.preprocessing.splits.near_duplicates import find_near_duplicates
from pipeline.preprocessing.splits.plan_splits import SplitPlan
from tfgan_thyroid.data.records import schema


@dataclasses.dataclass(frozen=True)
class AlikeScans:
    """Scans of one split that look alike."""

    split: str  # where they are
    groups: int  # how many groups they come from; from two on, likeness ties what groups would have left apart
    pictures: int  # how many of them differ at all
    source_ids: list[str]  # their `image/source_id`, sorted


@dataclasses.dataclass(frozen=True)
class NamedDuplicates:
    """Files of one split that hold the same picture, or nearly the same."""

    split: str
    pictures: int
    names: list[bytes]


def find_alike(scans: Sequence[PreparedScan], settings: PreprocessSettings) -> list[list[int]]:
    """Sets of positions of scans that must not be parted; none, if near-duplicates are not sought."""
    if settings.near_duplicates is None:
        return []
    return find_near_duplicates([scan.perceptual_hash for scan in scans], settings.near_duplicates)


def report_alike(
    scans: Sequence[PreparedScan], alike: Sequence[Sequence[int]], plan: SplitPlan, settings: PreprocessSettings
) -> list[AlikeScans]:
    """The sets in the order of their ids, without the scans that the plan leaves out."""
    result = []
    for positions in alike:
        members = [scans[position] for position in positions if position not in plan.left_out]
        if len(members) < 2:
            continue
        result.append(
            AlikeScans(
                split=plan.split_of_group[members[0].group],
                groups=len({scan.group for scan in members}),
                pictures=len({scan.digest for scan in members}),
                source_ids=sorted(settings.identifier("source", scan.name) for scan in members),
            )
        )
    return sorted(result, key=lambda one: one.source_ids)


def name_duplicates(
    scans: Sequence[PreparedScan], alike: Sequence[Sequence[int]], plan: SplitPlan, settings: PreprocessSettings
) -> list[NamedDuplicates]:
    """The same sets by name; sets of equal pictures where near-duplicates are not sought."""
    sets = alike
    if settings.near_duplicates is None:
        by_digest: dict[str, list[int]] = {}
        for position, scan in enumerate(scans):
            by_digest.setdefault(scan.digest, []).append(position)
        sets = list(by_digest.values())
    result = []
    for positions in sets:
        members = [scans[position] for position in positions if position not in plan.left_out]
        if len(members) > 1:
            split = plan.split_of_group[members[0].group]
            pictures = len({scan.digest for scan in members})
            result.append(NamedDuplicates(split, pictures, sorted(scan.name for scan in members)))
    return sorted(result, key=lambda one: one.names)


def write_duplicates(duplicates: Sequence[NamedDuplicates], settings: PreprocessSettings) -> None:
    """Write `duplicates.jsonl`, a JSON object a set, into the staging folder; names as `rejected.jsonl` has them."""
    with open(settings.staging / schema.DUPLICATES_FILE, "w", encoding="ascii") as file:
        for one in duplicates:
            row = {"paths": [os.fsdecode(name) for name in one.names], "pictures": one.pictures, "split": one.split}
            file.write(json.dumps(row) + "\n")


def write_alike(alike: Sequence[AlikeScans], settings: PreprocessSettings) -> None:
    """Write `near_duplicates.json` into the staging folder."""
    document: dict[str, Any] = {
        "hash_bits": HASH_BITS,
        "distance": settings.near_duplicates,
        "sets": [dataclasses.asdict(one) for one in alike],
    }
    text = json.dumps(document, indent=1)
    (settings.staging / schema.NEAR_DUPLICATES_FILE).write_text(text + "\n", encoding="ascii")


def summarize_alike(alike: Sequence[AlikeScans]) -> dict[str, int]:
    """Counts for the statistics; exact duplicates count as well."""
    across = [one for one in alike if one.groups > 1]
    return {
        "sets": len(alike),
        "scans": sum(len(one.source_ids) for one in alike),
        "sets_across_groups": len(across),
        "largest_set": max((len(one.source_ids) for one in alike), default=0),
    }
