"""What `pipeline.preprocess` prints: the settings first, the plan of a dry run, the counts at the end."""

import dataclasses
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.preprocessing.inputs.find_scans import ScanFile
from pipeline.preprocessing.inputs.group_scans import group_of, likely_pattern, unmatched
from pipeline.preprocessing.inputs.list_files import has_extension
from pipeline.preprocessing.settings import PreprocessSettings
from pipeline.preprocessing.splits.listed_splits import plan_listed_splits
from pipeline.preprocessing.splits.plan_splits import plan_splits
from tfgan_thyroid import command
from tfgan_thyroid.data.records.concerns import concerns_of, find_concerns
from tfgan_thyroid.data.records.schema import (
    CONTACT_SHEET_FILE,
    CROP_SHEET_FILE,
    DUPLICATES_FILE,
    REJECTED_FILE,
    SCHEMA_VERSION,
    SPLITS,
    STATISTICS_FILE,
    DatasetInfo,
)
from tfgan_thyroid.data.scans.files import IMAGE_SUFFIXES

_SHOWN_NAMES = 5
_NEARLY_BLACK = 24


def print_settings(settings: PreprocessSettings, scans: Sequence[ScanFile]) -> None:
    """Say on standard error what will be read and how."""
    rule = "each file by itself" if settings.group_pattern is None else f"by {settings.group_pattern}"
    rule = "by a table" if settings.groups is not None else rule
    # What is not named as an image may be DICOM: an export calls its files IM000001.
    if rule.startswith("each") and not all(has_extension(scan.name, IMAGE_SUFFIXES) for scan in scans):
        rule = "by the patient that a DICOM file names, else each file by itself"
    note(
        f"{len(scans)} files, grouped {rule}; crop {settings.crop}, then {settings.image_size} x {settings.image_size}"
    )
    names = [scan.name for scan in scans]
    if rule.startswith("each") and (pattern := likely_pattern(names)):
        groups = len({group_of(pattern, name) for name in names})
        note(
            f"warning: names look alike, as if of {groups} patients: if they are, give --group-pattern '{pattern}', or "
            "one patient's scans may be in train and in test"
        )
    found = [scan.mask.form for scan in scans if scan.mask is not None]
    if settings.masks:
        note(f"masks: {found[0] if found else 'none'}, for {len(found)} of {len(scans)} files")
    alone = (
        unmatched(settings.group_pattern, names)
        if settings.groups is None
        else sum(name not in settings.groups for name in names)
    )
    if alone:
        note(f"warning: {alone} of {len(scans)} names have no group; each of them is a group of its own")


def print_plan(settings: PreprocessSettings, scans: Sequence[ScanFile], *, as_json: bool) -> None:
    """The outcome of a dry run: splits by name alone, and a time estimated from a few scans read now."""
    from pipeline.preprocessing.probe import probe_scans

    counts, groups = _plan_by_name(settings, scans)
    probe = probe_scans(scans, settings, note)
    for concern in concerns_of(_planned_info(settings, counts, scans), {"probe": probe._asdict()}):
        note(str(concern))
    document = {
        "files": len(scans),
        "counts": {split: counts[split] for split in SPLITS},
        "groups": groups,
        "probed": probe.scans + probe.refused,
        "probed_refused": probe.refused,
        "estimated_seconds": probe.seconds,
    }
    if as_json:
        print(json.dumps(document))
        return
    for split in SPLITS:
        print(f"{split}: {counts[split]} files")
    tried = probe.scans + probe.refused
    print(f"estimate: {probe.seconds:.0f} s in one process; {probe.refused} of {tried} files tried would be refused")
    print("dry run: nothing was written")


def _planned_info(settings: PreprocessSettings, counts: Counter, scans: Sequence[ScanFile]) -> DatasetInfo:
    """What `dataset.json` would say, as far as names tell."""
    named = all(has_extension(scan.name, IMAGE_SUFFIXES) for scan in scans)
    rule = "table" if settings.groups is not None else f"pattern:{settings.group_pattern}"
    if rule == "pattern:None":
        rule = "file" if named else "dicom-patient"
    size, masks, crop, seed = settings.image_size, settings.masks, settings.crop, settings.seed
    return DatasetInfo(SCHEMA_VERSION, dict(counts), size, 1, masks, crop, "", seed, rule, "", "")


def _plan_by_name(settings: PreprocessSettings, scans: Sequence[ScanFile]) -> tuple[Counter, int]:
    """Files of each split and the number of groups, as far as names tell."""
    groups = [group_of(settings.group_pattern, scan.name, settings.groups) for scan in scans]
    known = [(group, str(index)) for index, group in enumerate(groups)]
    if settings.listed is not None:
        listed = [settings.listed[scan.name] for scan in scans if scan.name in settings.listed]
        known = [one for one, scan in zip(known, scans, strict=True) if scan.name in settings.listed]
        plan = plan_listed_splits(known, listed)
    else:
        plan = plan_splits(known, settings.splits, settings.seed)
    kept = [group for position, (group, _) in enumerate(known) if position not in plan.left_out]
    return Counter(plan.split_of_group[group] for group in kept), len(set(kept))


def print_result(info: DatasetInfo, output: Path, seconds: float, *, as_json: bool) -> None:
    """The counts of what was written, on standard output; warnings on standard error."""
    statistics = json.loads((output / STATISTICS_FILE).read_text(encoding="ascii"))
    _warn_of_splits(info, statistics)
    splits = statistics["splits"]
    brightest = max(split["grey_levels"]["percentiles"]["99"] for split in splits.values())
    if brightest < _NEARLY_BLACK:
        note(
            f"warning: the scans are nearly black (99 % of the pixels at most {brightest} of 255): "
            "12-bit data in 16-bit files needs --white-level 4095"
        )
    for concern in find_concerns(output):
        note(str(concern))
    duplicates = sum(split["duplicates"] for split in splits.values())
    stray = sum(split.get("stray_polygons", 0) for split in splits.values())
    if as_json:
        document: dict[str, Any] = {"dataset": str(output), "seconds": seconds, "duplicates": duplicates}
        document["near_duplicate_sets"] = statistics["near_duplicates"]
        document["stray_polygons"] = stray
        print(json.dumps(document | dataclasses.asdict(info)))
        return
    for split in SPLITS:
        line = f"{split}: {info.counts[split]} scans in {info.groups[split]} groups"
        print(line + (f", mean grey level {splits[split]['grey_levels']['mean']:.0f}" if split in splits else ""))
    alike = statistics["near_duplicates"]
    print(f"duplicates: {duplicates}")
    print(f"near-duplicates: {alike['scans']} scans in {alike['sets']} sets, the largest of {alike['largest_set']}")
    if stray:
        print(f"stray polygons: {stray} without a pixel inside, left out of their masks")
    print(f"rejected: {info.rejected}" + (f" ({describe_rejected(output)})" if info.rejected else ""))
    print(f"seconds: {seconds:.1f}")
    print(f"contact sheet: {_printable(output / CONTACT_SHEET_FILE)}")
    print(f"crop sheet: {_printable(output / CROP_SHEET_FILE)}")
    print(f"dataset: {_printable(output)}")
    train = command.line("tfgan_thyroid.train", "--data", output, "--preset", "cpu", "--dry-run")
    command.say_next(output / CONTACT_SHEET_FILE, train)


def _warn_of_splits(info: DatasetInfo, statistics: dict[str, Any]) -> None:
    """Say which request could not be met, and what ties the groups."""
    independent, groups = statistics["independent_groups"], sum(info.groups.values())
    for split in statistics["empty_splits"]:
        if info.listed_splits:
            note(f"warning: split {split} is empty: all that its list names was refused or is in another split too")
        else:
            tied = f" ({groups} groups, tied by scans alike)" if independent < groups else ""
            note(f"warning: split {split} is empty: {independent} groups cannot fill {len(info.splits)} splits{tied}")
    total = sum(info.counts.values())
    for split, share in info.splits.items():
        wanted, found = share * total, info.counts[split]
        if found and abs(found - wanted) > max(2.0, wanted / 2):
            note(
                f"warning: split {split} has {found} scans instead of {wanted:.0f}: "
                f"groups are kept whole, and the largest has {statistics['largest_group']} scans"
            )
    alike = statistics["near_duplicates"]
    if alike["sets_across_groups"]:
        hint = "; frames of one acquisition need --group-pattern or --group-file" if info.group_rule == "file" else ""
        note(
            f"note: {alike['sets_across_groups']} sets of scans alike cross groups, which share a split for it: "
            f"see {DUPLICATES_FILE}{hint}"
        )


def describe_rejected(directory: Path, *, names: bool = False) -> str:
    """How many files were refused for each reason; with `names`, also the first few by name and detail."""
    with open(directory / REJECTED_FILE, encoding="ascii") as file:
        rows = [json.loads(line) for line in file]
    reasons = Counter(row["reason"] for row in rows).most_common()
    text = ", ".join(f"{count} {reason}" for reason, count in reasons)
    if names:
        shown = [f"{row['path']!r} {row['reason']}: {row['detail']}" for row in rows[:_SHOWN_NAMES]]
        text += "; first " + "; ".join(shown)
    return text


def note(text: str) -> None:
    """A line for people on standard error, whatever bytes a name holds."""
    print(_printable(text), file=sys.stderr)


def _printable(text: object) -> str:
    """`text` with what is no character written as an escape."""
    return str(text).encode("utf-8", "backslashreplace").decode("utf-8")
