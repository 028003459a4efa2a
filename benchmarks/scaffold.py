"""What all benchmarks share: flags, the document of what was measured, and how both are printed."""

import argparse
import json
import statistics
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

from benchmarks.machine import describe_machine, package_versions
from tfgan_thyroid import command

DISTURBING_CORES = 0.1
"""Cores kept busy by other processes, on average over a round, from which a timing does not count."""


def parser(name: str, description: str, example: str) -> argparse.ArgumentParser:
    """The parser of `python -m benchmarks.NAME`, with `--json`."""
    result = command.parser(f"benchmarks.{name}", description, f"python -m benchmarks.{name} {example}".rstrip())
    result.add_argument(
        "--json", action="store_true", help="end standard output with one JSON object; all else on standard error"
    )
    return result


def add_counts(parser: argparse.ArgumentParser, **flags: tuple[int, str]) -> None:
    """Flags that take a whole number of at least 1: by name the default and the help."""
    for name, (default, text) in flags.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=command.positive_int, default=default, help=text)


def add_turns(parser: argparse.ArgumentParser, rounds: int, iterations: int) -> None:
    """The flags of sides that work in turn, and the seed of what they work on."""
    add_counts(
        parser,
        rounds=(rounds, "how often each side works, in turn (up to twice as often where other processes disturb)"),
        iterations=(iterations, "iterations of a side in each round, after one that does not count"),
    )
    parser.add_argument("--seed", type=command.seed, default=0, help="of the images and the initial values")


def log_stream(flags: argparse.Namespace) -> TextIO:
    """Where everything but the JSON document goes."""
    return sys.stderr if flags.json else sys.stdout


def document(flags: argparse.Namespace, **measured: object) -> dict:
    """A JSON object: settings (no paths), machine, versions, and what was measured."""
    settings = {
        key: value
        for key, value in vars(flags).items()
        if key != "json" and (value is None or isinstance(value, int | float | str | list | tuple))
    }
    return {"settings": settings, "machine": describe_machine(), "versions": package_versions(), **measured}


def publish(flags: argparse.Namespace, document: dict, lines: Iterable[str]) -> None:
    """Prints machine, versions and the lines; then, where asked for, the document as JSON on standard output."""
    print(*head(document), *lines, sep="\n", file=log_stream(flags), flush=True)
    if flags.json:
        print(json.dumps(document))


def head(document: dict) -> list[str]:
    """Machine and versions in words."""
    machine = document["machine"]
    instructions = ", ".join(machine["bfloat16_instructions"]) or "none listed"
    versions = ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    return [
        f"machine     {machine['cpu']}, {machine['usable_cores']} usable cores, {machine['memory_gib']:.0f} GiB, "
        f"bfloat16 instructions: {instructions}, load average at the start {machine['load_average']:.1f}",
        f"versions    Python {machine['python']}, {versions}",
    ]


def caution(foreign_cores: Sequence[float]) -> list[str]:
    """A line where other processes disturbed a timing, else none."""
    if max(foreign_cores) <= DISTURBING_CORES:
        return []
    return [f"caution     other processes kept up to {max(foreign_cores):.1f} cores busy: time again"]


def spread(values: list[float]) -> dict:
    """Median and range of the rounds, and the rounds themselves."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "rounds": values}
