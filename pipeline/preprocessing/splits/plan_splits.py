"""Which scan goes into which split: whole groups, duplicates together, sizes as near as possible to the request."""

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tfgan_thyroid.data.records.schema import SPLITS
from tfgan_thyroid.errors import UserError


def parse_splits(text: str) -> dict[str, float]:
    """The fractions that `train=0.8,eval=0.1,test=0.1` spells out, in the order of `SPLITS`, zeros left out."""
    fractions: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = part.strip().partition("=")
        if name not in SPLITS or name in fractions:
            problem = "is given twice" if name in fractions else f"is not one of {', '.join(SPLITS)}"
            raise UserError(f"splits {text!r}: {name!r} {problem}; write them like train=0.8,eval=0.1,test=0.1")
        try:
            fractions[name] = float(value)
        except ValueError:
            raise UserError(f"splits {text!r}: {value!r} is not a number; write train=0.8,eval=0.1,test=0.1") from None
        if not 0.0 <= fractions[name] <= 1.0:
            raise UserError(f"splits {text!r}: {name} must be from 0 to 1")
    if abs(sum(fractions.values()) - 1.0) > 1e-6:
        raise UserError(f"splits {text!r} sum to {sum(fractions.values()):g}, not to 1")
    return {name: fractions[name] for name in SPLITS if fractions.get(name)}


class LeftOut(NamedTuple):
    """Why a scan goes into no split: a reason from a short list, and the detail in words."""

    reason: str
    detail: str


@dataclasses.dataclass(frozen=True)
class SplitPlan:
    """The outcome of `plan_splits`."""

    split_of_group: dict[str, str]  # the split of each group
    emptied: list[str]  # requested splits that stay empty, because there are fewer independent groups than splits
    joined_groups: int  # how many groups were tied to another by a scan, or nearly the same scan, that both contain
    independent: int = 0  # how many sets of groups share nothing with each other
    largest_group: int = 0  # scans in the largest of those sets
    # Positions of scans that go into no split, and why.
    left_out: dict[int, LeftOut] = dataclasses.field(default_factory=dict)


def plan_splits(
    scans: Sequence[tuple[str, str]], fractions: Mapping[str, float], seed: int, alike: Sequence[Sequence[int]] = ()
) -> SplitPlan:
    """Assign each group to a split, so that neither a group nor a content digest is in two.

    Groups that share a digest, or scans that are alike, are tied together. The tied groups, in an order drawn by
    `seed`, fill the splits from the smallest request to the largest: each takes a subset whose number of scans is
    nearest to what it should have (an exact subset sum), the largest takes the rest. The result depends on the set of
    scans, not on its order.

    Args:
        scans: (group, content digest) of each scan.
        fractions: what share of the scans each split should have, as from `parse_splits`.
        seed: draws the order.
        alike: sets of positions in `scans` that must not be parted either.
    """
    members = _tie_groups(scans, alike)
    order = sorted(
        members, key=lambda name: hashlib.sha256(f"{seed}\0{name}".encode("utf-8", "surrogateescape")).digest()
    )
    requested = [split for split in SPLITS if fractions.get(split)]
    filled = requested[: len(order)]
    scan_count = {name: 0 for name in members}
    tied_to = {group: name for name, groups in members.items() for group in groups}
    for group, _ in scans:
        scan_count[tied_to[group]] += 1

    goals = _whole_shares({split: fractions[split] for split in filled}, len(scans))
    split_of: dict[str, str] = {}
    for position, split in enumerate(sorted(filled, key=lambda split: fractions[split])):
        others = len(filled) - position - 1
        taken = order if others == 0 else _nearest_subset(order, scan_count, goals[split], len(order) - others)
        split_of.update(dict.fromkeys(taken, split))
        order = [name for name in order if name not in split_of]
    return SplitPlan(
        split_of_group={group: split_of[name] for group, name in tied_to.items()},
        emptied=[split for split in requested if split not in filled],
        joined_groups=sum(len(groups) for groups in members.values() if len(groups) > 1),
        independent=len(members),
        largest_group=max(scan_count.values(), default=0),
    )


def _tie_groups(scans: Sequence[tuple[str, str]], alike: Sequence[Sequence[int]]) -> dict[str, set[str]]:
    """Groups connected by shared digests or by scans alike, as the least group's name -> all of them (union-find)."""
    parent = {group: group for group, _ in scans}

    def root(group: str) -> str:
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    first_with: dict[str, str] = {}
    ties = [(group, first_with.setdefault(digest, group)) for group, digest in scans]
    ties += [(scans[members[0]][0], scans[position][0]) for members in alike for position in members[1:]]
    for pair in ties:
        one, other = sorted(map(root, pair))
        parent[other] = one
    members: dict[str, set[str]] = {}
    for group in parent:
        members.setdefault(root(group), set()).add(group)
    return members


def _whole_shares(fractions: Mapping[str, float], total: int) -> dict[str, int]:
    """`total` divided in proportion to `fractions`, in whole numbers of at least 1 (largest remainders)."""
    exact = {split: total * fraction / sum(fractions.values()) for split, fraction in fractions.items()}
    whole = {split: int(share) for split, share in exact.items()}
    for split in sorted(exact, key=lambda split: whole[split] - exact[split])[: total - sum(whole.values())]:
        whole[split] += 1
    return {split: max(1, share) for split, share in whole.items()}


def _nearest_subset(names: Sequence[str], size: Mapping[str, int], goal: int, most: int) -> list[str]:
    """At least one and at most `most` of `names`, of a total size nearest to `goal`; earlier names preferred.

    Bit s of `reachable` says that some subset of the names so far has size s. The search ends as soon as the goal is
    reached, so for many small groups it looks at a few of them only.
    """
    limit = (1 << (goal + min(size[name] for name in names) + goal)) - 1
    reachable = 1
    before = []
    for name in names:
        before.append(reachable)
        reachable |= (reachable << size[name]) & limit
        if reachable >> goal & 1:
            break
    sums = [total for total in range(1, reachable.bit_length()) if reachable >> total & 1]
    remaining = min(sums, key=lambda total: abs(total - goal))
    taken = []
    for name, earlier in zip(reversed(names[: len(before)]), reversed(before), strict=True):
        if not earlier >> remaining & 1:
            taken.append(name)
            remaining -= size[name]
    return sorted(taken, key=lambda name: size[name], reverse=True)[:most]
