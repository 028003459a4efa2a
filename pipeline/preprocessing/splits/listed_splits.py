"""Splits that lists give, without leaks: what would be in two splits stays in the one that is held out most."""

from collections import Counter
from collections.abc import Sequence

from pipeline.preprocessing.splits.plan_splits import LeftOut, SplitPlan
from tfgan_thyroid.data.records.schema import SPLITS


def plan_listed_splits(
    scans: Sequence[tuple[str, str]], listed: Sequence[str], alike: Sequence[Sequence[int]] = ()
) -> SplitPlan:
    """Keep to the split that a list gives each scan, and leave out what would then be in two splits.

    A scan stays if no list gives its group, its content or a scan like it to a split that is held out more (test more
    than eval, eval more than train); so the lists' test split stays whole.

    Args:
        scans: (group, content digest) of each scan.
        listed: the split that the lists give each scan.
        alike: sets of positions in `scans` that must not be parted either.
    """
    set_of = {position: number for number, members in enumerate(alike) for position in members}
    alone = len(alike)
    # What a scan must not share with another split, and its key for each scan.
    bonds: dict[str, list] = {
        "its group": [group for group, _ in scans],
        "the same picture": [digest for _, digest in scans],
        "a near-duplicate": [set_of.get(position, alone + position) for position in range(len(scans))],
    }
    left_out: dict[int, LeftOut] = {}
    for what, keys in bonds.items():
        strictest = _strictest(keys, listed)
        for position, (key, split) in enumerate(zip(keys, listed, strict=True)):
            if strictest[key] != split:
                detail = f"listed for {split}, and {what} is listed for {strictest[key]}"
                left_out.setdefault(position, LeftOut("in two splits", detail))
    kept = {split for position, split in enumerate(listed) if position not in left_out}
    sizes = Counter(group for position, (group, _) in enumerate(scans) if position not in left_out)
    return SplitPlan(
        split_of_group=_strictest(bonds["its group"], listed),
        emptied=[split for split in SPLITS if split in listed and split not in kept],
        joined_groups=0,
        independent=len(sizes),
        largest_group=max(sizes.values(), default=0),
        left_out=left_out,
    )


def _strictest(keys: Sequence, listed: Sequence[str]) -> dict:
    """The split held out most among the scans of each key."""
    strictest: dict = {}
    for key, split in zip(keys, listed, strict=True):
        strictest[key] = max(split, strictest.get(key, split), key=SPLITS.index)
    return strictest
