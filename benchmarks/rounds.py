"""Sides that work in turn, on a machine that others may use at the same time."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from benchmarks.machine import busy_core_seconds
from benchmarks.scaffold import DISTURBING_CORES
from benchmarks.side_process import SideProcess
from tfgan_thyroid.errors import UserError


@dataclass(frozen=True)
class Round:
    """Each side has worked once."""

    seconds: dict[str, float]  # of one iteration, by side
    foreign_cores: float  # cores that other processes kept busy meanwhile, on average (0 on an idle machine)


def run_rounds(
    workers: Mapping[str, SideProcess], rounds: int, iterations: int, label: str, progress: TextIO = sys.stderr
) -> list[Round]:
    """Lets the sides work in turn, in alternating order; returns the rounds that count.

    A round in which other processes kept more than `DISTURBING_CORES` busy is repeated, until as many more have run
    as were asked for: then the least disturbed ones count. Whether a round counts depends on the others' load alone,
    never on its result.

    Raises:
        UserError: a side failed, or its losses were not finite.
    """
    done: list[Round] = []
    while sum(r.foreign_cores <= DISTURBING_CORES for r in done) < rounds and len(done) < 2 * rounds:
        names = list(workers) if len(done) % 2 == 0 else list(workers)[::-1]
        done.append(_run_round({name: workers[name] for name in names}, iterations))
        timings = ", ".join(f"{name} {done[-1].seconds[name]:.3f} s" for name in workers)
        others = f"{done[-1].foreign_cores:.2f} cores busy with other processes"
        print(f"{label}: round {len(done)}: {timings}, {others}", file=progress, flush=True)
    return sorted(done, key=lambda r: r.foreign_cores)[:rounds]


def _run_round(workers: Mapping[str, SideProcess], iterations: int) -> Round:
    seconds: dict[str, float] = {}
    busy_start, own_busy = busy_core_seconds(), 0.0
    for name, worker in workers.items():
        answer = worker.ask(f"run {iterations}")
        if not answer["finite"]:
            raise UserError(f"the losses of side {name!r} are not finite: its timing would mean nothing")
        seconds[name] = answer["seconds"]
        own_busy += answer["cpu_seconds"]
    foreign = busy_core_seconds() - busy_start - own_busy
    return Round(seconds, max(0.0, foreign) / (iterations * sum(seconds.values())))
