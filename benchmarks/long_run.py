"""Watches the memory of a long training: what an iteration leaves behind shows after thousands of them.

`python -m benchmarks.long_run` from the repository's root: 10,000 iterations of small networks on noise, by the command
that a user gives; resident memory of its process after each tenth of them.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psutil

from benchmarks.scaffold import add_counts, document, log_stream, parser, publish
from benchmarks.watched_training import add_flags, watch
from tfgan_thyroid import command

PARTS = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    commands = _parser()
    flags = commands.parse_args(arguments)
    if flags.iterations < 3 * PARTS:
        commands.error(f"--iterations must be at least {3 * PARTS}: memory is read after each tenth of them")
    every = flags.iterations // PARTS
    resident = {}
    with tempfile.TemporaryDirectory() as scratch:
        with watch(Path(scratch), flags, every * PARTS, every) as (process, done):
            for iteration in done:
                if iteration % every == 0:
                    resident[iteration] = psutil.Process(process.pid).memory_info().rss
                    print(f"{iteration:>8} {resident[iteration] / 2**20:>8.1f} MiB", file=log_stream(flags), flush=True)
    # From the second tenth on: the first one still fills caches.
    grown = resident[every * PARTS] - resident[2 * every]
    per_iteration = grown / (every * (PARTS - 2))
    measured = document(flags, resident_bytes=resident, bytes_per_iteration=per_iteration)
    publish(flags, measured, [f"{per_iteration:.0f} bytes an iteration, from the second tenth on"])
    return 0


def _parser() -> argparse.ArgumentParser:
    result = parser(
        "long_run",
        "Train small networks on noise for many iterations and tell how much memory each leaves behind. A data set and "
        "a run are written to a temporary directory.",
        "--iterations 10000",
    )
    add_counts(result, iterations=(10_000, "of the training"))
    add_flags(result, image_size=16, width=4, batch_size=2)
    return result


if __name__ == "__main__":
    command.run(main)
