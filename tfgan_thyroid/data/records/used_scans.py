"""Which scans a model learns from, by id, group and digest: the proof that it never saw others. No TensorFlow."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from tfgan_thyroid import atomic
from tfgan_thyroid.data.records import examples, schema
from tfgan_thyroid.errors import UserError


@dataclasses.dataclass(frozen=True)
class UsedScan:
    """A scan by what its record says."""

    source_id: str  # hash that stands for the file
    group_id: str  # hash that stands for the group (patient, acquisition)
    sha256: str  # of its pixels


def used_scans(directory: Path, split: str, scan_ids: Sequence[str] | None = None) -> list[UsedScan]:
    """The scans of a split, or those of the given ids, in stored order."""
    scans = [scan for path in schema.shard_paths(directory, split) for scan in _scans(path)]
    if scan_ids is None:
        return scans
    wanted = set(scan_ids)
    found = [scan for scan in scans if scan.source_id in wanted]
    missing = sorted(wanted - {scan.source_id for scan in found})
    if missing:
        raise UserError(f"no scan of split {split!r} in {directory} has the id {missing[0]!r}: give ids of that split")
    if not found or len(found) != len(scan_ids):
        raise UserError(f"{len(scan_ids)} scan ids name {len(found)} scans of {directory}: give each of them once")
    return found


def read_scan_ids(file: Path) -> list[str]:
    """The source ids in a text file, one on a line."""
    ids = file.read_text(encoding="utf-8-sig").split()
    if not ids:
        raise UserError(f"{file} names no scan: write one source id on a line")
    return ids


def write_used_scans(file: Path, scans: Sequence[UsedScan]) -> None:
    """Writes scans as JSON, whole or not at all."""
    atomic.write_json(file, [dataclasses.asdict(scan) for scan in scans])


def read_used_scans(file: Path) -> list[UsedScan]:
    """What `write_used_scans` wrote."""
    try:
        return [UsedScan(**fields) for fields in json.loads(file.read_text())]
    except (FileNotFoundError, ValueError, TypeError) as error:
        raise UserError(f"{file} does not say which scans were learnt from ({error}): train again") from None


def refuse_seen(seen: Sequence[UsedScan], test: Sequence[UsedScan], who: str) -> None:
    """Checks that no group and no image of the test split is among what was learnt from."""
    for attribute, what in (("group_id", "groups"), ("sha256", "images")):
        shared = {getattr(scan, attribute) for scan in seen} & {getattr(scan, attribute) for scan in test}
        if shared:
            raise UserError(
                f"{len(shared)} {what} of the test split are in {who} (such as {sorted(shared)[0][:12]}): the scores "
                "would mean nothing; split again by patient with pipeline.preprocess --group-pattern"
            )


def _scans(path: Path) -> list[UsedScan]:
    keys = (schema.IMAGE_SOURCE_ID, schema.IMAGE_GROUP_ID, schema.IMAGE_SHA256)
    scans = []
    with path.open("rb") as file:
        try:
            for record in examples.read_records(file):
                features = examples.parse_features(record)
                scans.append(UsedScan(*(_text(features.get(key)) for key in keys)))
        except ValueError as error:
            raise UserError(f"{path} is damaged ({error}): write the data set again with --overwrite") from None
    return scans


def _text(values: Sequence | None) -> str:
    """Of a feature, empty where the record lacks it."""
    return values[0].decode() if values else ""
