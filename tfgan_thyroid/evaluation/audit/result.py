"""What a memorisation audit asks for and what it finds."""

import dataclasses
from typing import Any

import numpy as np

from tfgan_thyroid.metrics.membership import Membership
from tfgan_thyroid.metrics.nearest_scans import Matches


@dataclasses.dataclass(frozen=True)
class AuditThresholds:
    """What a generator must keep to."""

    # A scan at most this far from a training scan (root mean square, of 255) is an exact copy.
    copy_grey_levels: float = 4.0
    # One whose relative distance is under this part of the held-out scans' percentile is a near copy: it stands out as
    # no unseen scan does.
    near_copy_factor: float = 0.5
    percentile: float = 1.0  # of the held-out scans' distances
    most_copies: int = 0  # exact copies that are allowed
    most_near_copies: int = 0  # near copies that are allowed
    # The largest fraction of relative distances under the percentile; where few scans are held out, it is raised to
    # what chance gives one time in a hundred.
    most_closer: float = 0.1
    least_authenticity: float = 0.05  # the smallest authenticity rate
    most_membership: float = 0.6  # the AUC of the membership attack that its interval may not lie above as a whole


@dataclasses.dataclass(frozen=True)
class SpaceAudit:
    """The comparison in one space."""

    space: str  # what distances are taken in
    unit: str  # of the distances
    authenticity: float  # fraction of generated images that are authentic (Alaa et al. 2022)
    held_out_authenticity: float  # the same of the held-out scans
    closer: float  # fraction of generated images nearer to a training scan than the held-out percentile
    closer_relative: float  # the same by relative distances, which do not favour smooth images
    percentile_distance: float  # the held-out percentile
    percentile_relative: float  # the same of relative distances
    median_distance: float  # of the generated images
    held_out_median_distance: float  # of the held-out scans
    copies: int | None  # exact copies among the generated images; None in features
    near_copies: int  # generated images that stand out


@dataclasses.dataclass(frozen=True)
class AuditResult:
    """The verdict with what it stands on."""

    passed: bool  # whether the generator keeps to the thresholds
    reasons: list[str]  # in words, what it breaks; or why it passes
    notes: list[str]  # what the reader should know of the data
    thresholds: AuditThresholds  # what was asked for
    counts: dict[str, int]  # images by kind
    held_out_rule: str  # what the held-out scans are
    largest_closer: float  # the limit of `closer_relative` after allowing for few held-out scans
    spaces: list[SpaceAudit]  # the comparison in pixels and, where given, in features
    membership: Membership | None  # the membership attack, None where there are too few patients for it
    matches: Matches  # of the generated images in pixels; not in `to_dict`
    held_out_matches: Matches  # of the held-out scans in pixels; not in `to_dict`

    def to_dict(self) -> dict[str, Any]:
        """Everything but the matches, JSON-able, with the closest pairs by index."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        del fields["matches"], fields["held_out_matches"]
        fields["thresholds"] = dataclasses.asdict(self.thresholds)
        fields["membership"] = self.membership._asdict() if self.membership else None
        fields["spaces"] = [dataclasses.asdict(space) for space in self.spaces]
        fields["closest"] = [
            {
                "generated": int(i),
                "training": int(self.matches.reference[i]),
                "distance": float(self.matches.distance[i]),
                "relative": float(self.matches.relative[i]),
                "flipped": bool(self.matches.flipped[i]),
                "shift": [int(x) for x in self.matches.shift[i]],
            }
            for i in closest_pairs(self, 10)
        ]
        return fields


def closest_pairs(result: AuditResult, count: int) -> np.ndarray:
    """Indices of the generated images that stand out most: exact copies first, then by relative distance."""
    matches = result.matches
    exact = matches.distance <= result.thresholds.copy_grey_levels
    return np.lexsort((matches.relative, ~exact))[:count]


def broken_thresholds(
    spaces: list[SpaceAudit], thresholds: AuditThresholds, largest_closer: float, membership: Membership | None
) -> list[str]:
    """The thresholds that do not hold, in words."""
    broken = []
    if membership is not None and membership.low > thresholds.most_membership:
        broken.append(
            f"who was trained on can be found out: membership AUC {membership.auc:.2f} ({membership.low:.2f} to "
            f"{membership.high:.2f}; not wholly above {thresholds.most_membership:g})"
        )
    pixels = spaces[0]
    if pixels.copies is not None and pixels.copies > thresholds.most_copies:
        broken.append(
            f"{pixels.copies} generated images are copies of training scans (at most {thresholds.copy_grey_levels:g} "
            f"grey levels apart; {thresholds.most_copies} are allowed)"
        )
    if pixels.near_copies > thresholds.most_near_copies:
        broken.append(
            f"{pixels.near_copies} generated images stand out at one training scan as no unseen scan does "
            f"({thresholds.most_near_copies} are allowed)"
        )
    for space in spaces:
        if space.closer_relative > largest_closer:
            broken.append(
                f"{space.closer_relative:.1%} of the generated images lie relatively nearer to a training scan than "
                f"the {thresholds.percentile:g} % nearest unseen scans (at most {largest_closer:.1%}), in {space.space}"
            )
        if space.authenticity < thresholds.least_authenticity:
            broken.append(
                f"the authenticity rate is {space.authenticity:.1%} (at least {thresholds.least_authenticity:.0%}; "
                f"unseen scans: {space.held_out_authenticity:.1%}), in {space.space}"
            )
    return broken
