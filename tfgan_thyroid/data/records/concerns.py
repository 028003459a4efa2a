"""What is known to spoil a training, said of a data set before hours go into it. Imports no TensorFlow."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tfgan_thyroid import needed_scans
from tfgan_thyroid.data.records import schema

FEW_PATIENTS = 5
"""Test patients below which an interval over patients says next to nothing."""
_MOST = 0.5
"""Share of the probed scans from which a finding is of the collection, not of a scan."""


class Concern(NamedTuple):
    """Something to look at before training."""

    kind: str  # in a few words, the same words for the same kind
    detail: str  # what was found, and the flag that mends it

    def __str__(self) -> str:
        return f"warning: {self.kind}: {self.detail}"


def find_concerns(directory: Path) -> list[Concern]:
    """What `dataset.json` and `statistics.json` tell; a data set without the second has fewer concerns.

    Raises:
        UserError: the directory is no data set.
    """
    info = schema.DatasetInfo.load(directory)
    try:
        statistics = json.loads((directory / schema.STATISTICS_FILE).read_text(encoding="ascii"))
    except (OSError, ValueError):
        statistics = {}
    return concerns_of(info, statistics)


def concerns_of(info: schema.DatasetInfo, statistics: dict[str, Any]) -> list[Concern]:
    """As `find_concerns`, of the contents of both files, or of what a plan knows of them."""
    splits = statistics.get("splits", {})
    return [
        *_of_splits(info),
        *_of_sizes(splits),
        *_of_masks(splits, info.counts),
        *_of_probe(statistics.get("probe", {})),
    ]


def _of_splits(info: schema.DatasetInfo) -> Iterator[Concern]:
    train, test = info.counts.get("train", 0), info.counts.get("test", 0)
    if train < needed_scans.TO_JUDGE:
        yield Concern("few scans", "; ".join(needed_scans.training_remarks(train, augmented=False)))
    if info.group_rule == "file":
        yield Concern(
            "no patients",
            "each file counts as a patient of its own, so that one patient's scans may be in train and in test: name "
            "the patient with --group-pattern or --group-file",
        )
    if info.masks and not test:
        yield Concern(
            "no test patients", "segment has nothing to score on: preprocess with --splits train=0.8,eval=0.1,test=0.1"
        )
    elif info.masks and 0 < info.groups.get("test", FEW_PATIENTS) < FEW_PATIENTS:
        yield Concern(
            "few test patients",
            f"{info.groups['test']} in the test split, too few for an interval over patients: give test a larger share "
            "in --splits",
        )


def _of_sizes(splits: dict[str, Any]) -> Iterator[Concern]:
    sizes = Counter[str]()
    for split in splits.values():
        sizes.update(split.get("raw_sizes", {}))
    if len(sizes) == 1 and sizes.total() >= FEW_PATIENTS:
        (size,) = sizes
        yield Concern(
            "one scanner",
            f"all scans have {size} pixels, so they may be of one scanner, whose look the generator will learn: add "
            "others, or name it with export --data-description",
        )


def _of_masks(splits: dict[str, Any], counts: dict[str, int]) -> Iterator[Concern]:
    for name, split in splits.items():
        if "mask_area" in split and split["mask_area"].get("empty") == counts[name]:
            yield Concern(
                "no foreground",
                f"all {counts[name]} masks of split {name} are empty: look at the mask files, and give another "
                "--mask-label",
            )
    flat = sum(split.get("flat_pictures", 0) for split in splits.values())
    if flat:
        yield Concern(
            "masks among the scans",
            f"{flat} are black and white, or of a few values near black: give masks to --masks, and --input the scans "
            "alone",
        )
    tiny = sum(split.get("mask_area", {}).get("tiny", 0) for split in splits.values())
    if tiny:
        yield Concern(
            "masks of a pixel or few",
            f"{tiny} of them: look at contact_sheet.png, and give another --mask-label or a larger --image-size",
        )


def _of_probe(probe: dict[str, int]) -> Iterator[Concern]:
    least = _MOST * probe.get("scans", 0)
    of = f"of {probe.get('scans')} scans looked at"
    if probe.get("coloured"):
        yield Concern(
            "colour",
            f"{probe['coloured']} {of} have an area of colour, as colour Doppler has: leave such scans out of --input, "
            "or name the others in --split-lists",
        )
    if probe.get("drawn_on", 0) and probe["drawn_on"] >= least:
        yield Concern(
            "calipers or text", f"on {probe['drawn_on']} {of}: give --inpaint-overlays, and look at crop_sheet.png"
        )
    if probe.get("margins", 0) and probe["margins"] >= least:
        yield Concern(
            "margins",
            f"{probe['margins']} {of} show a screen with much beside the tissue (rulers, menus): give --crop auto, and "
            "look at crop_sheet.png",
        )
