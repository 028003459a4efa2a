"""The plan of a run: which components will run, which are taken from earlier runs, and how long that takes."""

import contextlib
import datetime
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

TICK = 60.0  # seconds between two words from a component that is long at work


class Step(NamedTuple):
    """What a plan says of a component."""

    name: str  # of the component
    taken_from: int | None  # the execution whose artifacts will do; None where the component will run
    seconds: float | None  # that it took the last time it ran to its end; None where it never did

    def __str__(self) -> str:
        if self.taken_from is not None:
            return f"nothing changed: taken from execution {self.taken_from}"
        return "will run" if self.seconds is None else f"will run (took {duration(self.seconds)} last time)"


@dataclass
class PlanProgress:
    """How far a plan is: place, time so far, time to go.

    The time to go is what the components took the last time; one that never ran is named instead.
    """

    steps: Sequence[Step]  # of the plan
    log: logging.Logger  # where the lines go
    clock: Callable[[], float] = time.monotonic  # in seconds

    def __post_init__(self) -> None:
        self.started = self.clock()

    def tell_plan(self) -> None:
        """How much there is to do."""
        ahead = self._to_run(0)
        self.log.info("%d of %d components to run; %s", len(ahead), len(self.steps), _to_go(ahead, 0.0))

    def tell_reused(self, place: int, execution: int) -> None:
        """That a component need not run."""
        self.log.info("%s: nothing changed, taken from execution %d", self._head(place), execution)

    @contextlib.contextmanager
    def working(self, place: int) -> Iterator[None]:
        """Logs progress at start, each minute, and at the end."""
        begun, finished = self.clock(), threading.Event()
        self.log.info("%s: begins; %s", self._head(place), self._line(place, 0.0))

        def tick() -> None:
            while not finished.wait(TICK):
                self.log.info("%s: at work; %s", self._head(place), self._line(place, self.clock() - begun))

        ticking = threading.Thread(target=tick, daemon=True)
        ticking.start()
        try:
            yield
        finally:
            finished.set()
            ticking.join()
        self.log.info("%s: done in %s", self._head(place), duration(self.clock() - begun))

    def _head(self, place: int) -> str:
        return f"{place + 1} of {len(self.steps)}  {self.steps[place].name}"

    def _line(self, place: int, worked: float) -> str:
        ahead = [self.steps[place], *self._to_run(place + 1)]
        return f"{duration(self.clock() - self.started)} so far, {_to_go(ahead, worked)}"

    def _to_run(self, place: int) -> list[Step]:
        return [step for step in self.steps[place:] if step.taken_from is None]


def _to_go(ahead: Sequence[Step], worked: float) -> str:
    """The time that components take, of which the first is done by so many seconds."""
    known = [step.seconds for step in ahead if step.seconds is not None]
    seconds = sum(known) - (min(worked, known[0]) if known and ahead[0].seconds is not None else 0.0)
    unknown = [step.name for step in ahead if step.seconds is None]
    parts = [f"about {duration(seconds)}"] if known or not unknown else []
    names = ", ".join(unknown) if len(unknown) <= 3 else f"{len(unknown)} components"
    parts += [f"{names} for the first time"] if unknown else []
    return f"to go: {' and '.join(parts)}"


def duration(seconds: float) -> str:
    """As hours, minutes and seconds."""
    return str(datetime.timedelta(seconds=round(seconds)))
