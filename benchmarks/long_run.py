"""Watches the memory of a long training: what an iteration leaves behind shows after thousands of them.

`python -m benchmarks.long_run` from the repository's root: 10,000 iterations of small networks on noise, by the command
that a user gives; resident memory of its process after each tenth of them.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psutil

from benchmarks.machine import describe_machine, package_versions
from benchmarks.watched_training import add_flags, watch
from tfgan_thyroid import command

PARTS = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    parser = _parser()
    flags = parser.parse_args(arguments)
    if flags.iterations < 3 * PARTS:
        parser.error(f"--iterations must be at least {3 * PARTS}: memory is read after each tenth of them")
    stream = sys.stderr if flags.json else sys.stdout
    every = flags.iterations // PARTS
    resident = {}
    with tempfile.TemporaryDirectory() as scratch:
        with watch(Path(scratch), flags, every * PARTS, every) as (process, done):
            for iteration in done:
                if iteration % every == 0:
                    resident[iteration] = psutil.Process(process.pid).memory_info().rss
                    print(f"{iteration:>8} {resident[iteration] / 2**20:>8.1f} MiB", file=stream, flush=True)
    # From the second tenth on: the first one still fills caches.
    grown = resident[every * PARTS] - resident[2 * every]
    document = {
        "settings": {key: value for key, value in vars(flags).items() if key != "json"},
        "machine": describe_machine(),
        "versions": package_versions(),
        "resident_bytes": resident,
        "bytes_per_iteration": grown / (every * (PARTS - 2)),
    }
    print(f"{document['bytes_per_iteration']:.0f} bytes an iteration, from the second tenth on", file=stream)
    if flags.json:
        print(json.dumps(document))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "benchmarks.long_run",
        "Train small networks on noise for many iterations and tell how much memory each leaves behind. A data set and "
        "a run are written to a temporary directory.",
        "python -m benchmarks.long_run --iterations 10000",
    )
    parser.add_argument("--iterations", type=command.positive_int, default=10_000, help="of the training")
    add_flags(parser, image_size=16, width=4, batch_size=2)
    parser.add_argument(
        "--json", action="store_true", help="end standard output with one JSON object; all else on standard error"
    )
    return parser


if __name__ == "__main__":
    command.run(main)
