"""Few labelled scans, as they would come: whole patients, nested, by a seed. Imports no TensorFlow."""

from collections.abc import Iterator, Sequence

import numpy as np

from tfgan_thyroid.data.records.used_scans import UsedScan
from tfgan_thyroid.errors import UserError


def nested_subset(scans: Sequence[UsedScan], count: int, seed: int) -> list[UsedScan]:
    """`count` scans by whole groups as far as possible, in stored order; a larger count has the same ones and more.

    Groups come in an order drawn by the seed, each with all its scans; only the last may be cut, at the scans that its
    own drawn order puts first. So few labelled scans are few patients, not one frame of each of many.

    Raises:
        UserError: there are not as many.
    """
    return _first(scans, list(_drawn(scans, count, seed)), count)


def one_frame_each(scans: Sequence[UsedScan], count: int, seed: int) -> list[UsedScan]:
    """`count` scans of as many patients as there are, in stored order; a larger count has the same ones and more.

    Groups come in an order drawn by the seed, one scan of each in turn, drawn too: second scans come when every group
    has given one. So few labels are labels of different patients, as a hospital would choose them.

    Raises:
        UserError: there are not as many.
    """
    order = [(turn, place, scan) for place, turn, scan in _drawn(scans, count, seed)]
    return _first(scans, order, count)


def _drawn(scans: Sequence[UsedScan], count: int, seed: int) -> Iterator[tuple[int, int, str]]:
    """The place of a scan's group, the scan's turn within it, and its id, both orders drawn by the seed."""
    if count > len(scans):
        raise UserError(f"{count} labelled scans were asked for, {len(scans)} are there")
    # From sorted names, so that the same scans in other shards give the same subset.
    groups = sorted({scan.group_id for scan in scans})
    rng = np.random.default_rng(seed)
    for place, group in enumerate(rng.permutation(len(groups))):
        members = sorted(scan.source_id for scan in scans if scan.group_id == groups[group])
        for turn, member in enumerate(rng.permutation(len(members))):
            yield place, turn, members[member]


def _first(scans: Sequence[UsedScan], order: list[tuple[int, int, str]], count: int) -> list[UsedScan]:
    chosen = {source_id for *_, source_id in sorted(order)[:count]}
    return [scan for scan in scans if scan.source_id in chosen]
