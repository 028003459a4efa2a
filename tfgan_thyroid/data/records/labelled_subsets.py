"""Few labelled scans, as they would come: whole patients, nested, by a seed. Imports no TensorFlow."""

from collections.abc import Sequence

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
    if count > len(scans):
        raise UserError(f"{count} labelled scans were asked for, {len(scans)} are there")
    # From sorted names, so that the same scans in other shards give the same subset.
    groups = sorted({scan.group_id for scan in scans})
    rng = np.random.default_rng(seed)
    order = []
    for group in rng.permutation(len(groups)):
        members = sorted(scan.source_id for scan in scans if scan.group_id == groups[group])
        order += [members[place] for place in rng.permutation(len(members))]
    chosen = set(order[:count])
    return [scan for scan in scans if scan.source_id in chosen]


def one_frame_each(scans: Sequence[UsedScan], count: int, seed: int) -> list[UsedScan]:
    """`count` scans of as many patients as there are, in stored order; a larger count has the same ones and more.

    Groups come in an order drawn by the seed, one scan of each in turn, drawn too: second scans come when every group
    has given one. So few labels are labels of different patients, as a hospital would choose them.

    Raises:
        UserError: there are not as many.
    """
    if count > len(scans):
        raise UserError(f"{count} labelled scans were asked for, {len(scans)} are there")
    rng = np.random.default_rng(seed)
    groups = sorted({scan.group_id for scan in scans})
    turns = []
    for place, group in enumerate(rng.permutation(len(groups))):
        members = sorted(scan.source_id for scan in scans if scan.group_id == groups[group])
        turns += [(turn, place, members[member]) for turn, member in enumerate(rng.permutation(len(members)))]
    chosen = {source_id for *_, source_id in sorted(turns)[:count]}
    return [scan for scan in scans if scan.source_id in chosen]
