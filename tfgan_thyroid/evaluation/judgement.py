"""Whether a model is good enough: each thing that was asked of it, what was found, and the reasons in words."""

from typing import Any, NamedTuple


class Check(NamedTuple):
    """One thing that was asked."""

    threshold: str  # its name, such as `value.mmd_over_floor`
    limit: float | bool  # the most that is allowed; `True` where a thing must simply hold
    value: float | bool | None  # what was found; None where it could not be computed; counts as a failure
    words: str  # what was found and what was asked, as a sentence

    @property
    def kept(self) -> bool:
        """Whether the model keeps to it; not a number never does."""
        if self.value is None:
            return False
        return self.value is True if self.limit is True else self.value <= self.limit


class Judgement(NamedTuple):
    """What came out of all checks."""

    checks: list[Check]  # all that was asked
    notes: list[str]  # what explains a check that was not kept

    @property
    def blessed(self) -> bool:
        """Whether every check was kept."""
        return all(check.kept for check in self.checks)

    @property
    def reasons(self) -> list[str]:
        """Why not, or that nothing speaks against it."""
        if self.blessed:
            return ["it meets every threshold" if self.checks else "no threshold was asked of it"]
        return list(dict.fromkeys([check.words for check in self.checks if not check.kept] + self.notes))

    def to_dict(self) -> dict[str, Any]:
        """All of it, JSON-able."""
        checks = [{**check._asdict(), "kept": check.kept} for check in self.checks]
        return {"blessed": self.blessed, "reasons": self.reasons, "checks": checks}
