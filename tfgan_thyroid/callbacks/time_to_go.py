"""How long a training still takes, learned while it goes: iterations, and the pauses between them."""

import datetime
from collections import Counter
from collections.abc import Mapping

TIMED = 200
"""Iterations that the mean is taken over: a machine's load changes."""


class TimeToGo:
    """Counts what is left of each kind and multiplies it by what that kind has cost so far.

    Args:
        intervals: iterations between two pauses of a kind, as `{"checkpoint": 500, "picture": 100}`, the dearest kind
            first: a pause that several kinds fall on counts as the first.
        last: the last iteration.
    """

    def __init__(self, intervals: Mapping[str, int], last: int) -> None:
        self.intervals = dict(intervals)
        self.last = last
        self.iterations: list[float] = []
        self.pauses: dict[str, list[float]] = {}
        self._traced = False

    def add_iteration(self, seconds: float) -> None:
        """Counts an iteration; the first, which traces the graph, tells nothing of the others."""
        if self._traced:
            self.iterations = [*self.iterations[1 - TIMED :], seconds]
        self._traced = True

    def add_pause(self, iteration: int, seconds: float) -> None:
        """Counts what happened between an iteration and the next."""
        self.pauses.setdefault(self._kind(iteration), []).append(seconds)

    def text(self, iteration: int) -> str:
        """As `0:04:10`, or `over 0:03:00` while some kind of pause has not been seen yet."""
        if not self.iterations:
            return "unknown"
        left = range(iteration + 1, self.last + 1)
        seconds = len(left) * sum(self.iterations) / len(self.iterations)
        kinds = Counter(map(self._kind, left))
        for kind, count in kinds.items():
            seen = self.pauses.get(kind, [0.0])
            seconds += count * sum(seen) / len(seen)
        unseen = bool(kinds.keys() - self.pauses.keys())
        return ("over " if unseen else "") + str(datetime.timedelta(seconds=round(seconds)))

    def _kind(self, iteration: int) -> str:
        due = (kind for kind, every in self.intervals.items() if iteration % every == 0 or iteration == self.last)
        return next(due, "")
