"""Which of the structures in a mask file becomes the foreground (`--mask-label`)."""

import dataclasses
from collections.abc import Collection

from tfgan_thyroid.data.scans.scan import ScanError

_SHOWN = 8


@dataclasses.dataclass(frozen=True)
class MaskLabel:
    """The structure that was asked for."""

    # A name in COCO and LabelMe, a number in a label map; None if masks hold one structure only.
    name: str | None = None
    # Whether a mask of other structures alone means that this one is not there; otherwise it is refused, since a
    # misspelt label would look the same.
    may_be_absent: bool = False

    def choose(self, present: Collection[str]) -> str | None:
        """The label to draw among those `present` on a scan; None if there is nothing to draw."""
        if not present:
            return None
        if self.name is None:
            if len(present) > 1:
                raise ScanError("of several labels", f"{listed(present)}: choose one with --mask-label")
            return next(iter(present))
        if self.name in present:
            return self.name
        if self.may_be_absent:
            return None
        raise ScanError(
            "label unknown",
            f"wanted {self.name!r}, found {listed(present)}; --mask-label-may-be-absent takes it for an empty mask",
        )


def listed(labels: Collection[str]) -> str:
    """Labels for a message, the first few of them."""
    names = sorted(labels)
    return ", ".join(map(repr, names[:_SHOWN])) + (" and others" if len(names) > _SHOWN else "")
