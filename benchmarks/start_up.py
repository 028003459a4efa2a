"""Times what a user waits for before anything happens: a training's first iteration, and the help of every command.

`python -m benchmarks.start_up` from the repository's root: starts `python -m tfgan_thyroid.train` on a data set of
noise as a user would, reads what it prints until its first iteration is done, and stops it there.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from benchmarks.scaffold import add_counts, document, parser, publish
from benchmarks.watched_training import add_flags, watch
from tfgan_thyroid import command
from tfgan_thyroid.commands import find_commands

MODULES = [one.module for one in find_commands().values()]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    flags = _parser().parse_args(arguments)
    helps = {module: [_help_seconds(module) for _ in range(flags.rounds)] for module in MODULES}
    first = [_first_iteration_seconds(flags) for _ in range(flags.rounds)]
    medians = {module: statistics.median(seconds) for module, seconds in helps.items()}
    slowest = max(medians, key=lambda module: medians[module])
    measured = {"first_iteration_seconds": first, "help_seconds": helps, "slowest_help_seconds": medians[slowest]}
    lines = [
        f"first iteration after {statistics.median(first):.1f} s ({min(first):.1f} to {max(first):.1f})",
        f"--help of {len(helps)} commands: the slowest takes {medians[slowest]:.2f} s ({slowest})",
    ]
    publish(flags, document(flags, **measured), lines)
    return 0


def _help_seconds(module: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", module, "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def _first_iteration_seconds(flags: argparse.Namespace) -> float:
    """From the start of the process, its data set written, to the log line of its first iteration."""
    with tempfile.TemporaryDirectory() as scratch, watch(Path(scratch), flags, 2, log_every=1) as (process, done):
        next(done)
        return time.time() - psutil.Process(process.pid).create_time()


def _parser() -> argparse.ArgumentParser:
    result = parser(
        "start_up",
        "Time a training from the start of its process to the end of its first iteration, and --help of every command. "
        "A data set of noise and runs are written to a temporary directory.",
        "--rounds 3",
    )
    add_flags(result, image_size=256, width=32, batch_size=8)
    add_counts(result, rounds=(3, "how often each is timed"))
    return result


if __name__ == "__main__":
    command.run(main)
