"""How an iteration's time and memory grow with width, image size and batch, and what `--dry-run` would have said.

`python -m benchmarks.growth` from the repository's root. Every combination is a process of its own, warmed up.
"""

import argparse
import dataclasses
import itertools
from collections.abc import Sequence
from typing import TextIO

from benchmarks.arithmetic import iteration_macs
from benchmarks.rounds import run_rounds
from benchmarks.scaffold import add_turns, document, log_stream, parser, publish
from benchmarks.side_process import SideProcess
from benchmarks.sides import CHANNELS, LATENT_SIZE, Settings
from tfgan_thyroid import command
from tfgan_thyroid.config import Config, stage_count


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    flags = _parser().parse_args(arguments)
    for size in flags.image_sizes:
        stage_count(size)
    columns = f"{'pixels':>6}{'width':>6}{'batch':>6}{'GMAC':>8}{'s':>8}{'GFLOP/s':>9}{'GiB':>7}"
    print(f"{columns}   --dry-run said: s, GiB", file=log_stream(flags))
    rows = []
    for size, width in itertools.product(flags.image_sizes, flags.widths):
        measured = [measure(Settings(size, width, batch, "float32", flags.seed), flags) for batch in flags.batch_sizes]
        for row in measured:
            row["dry_run"] = dry_run(Settings(size, width, row["batch_size"], "float32", flags.seed))
            _print_row(row, log_stream(flags))
        rows += measured
    found = summary(rows)
    publish(flags, document(flags, rows=rows, **found), _summary_lines(found))
    return 0


def measure(settings: Settings, flags: argparse.Namespace) -> dict:
    """Times iterations of one setting: seconds (the fastest round), peak memory, arithmetic."""
    macs = iteration_macs(settings.image_size, CHANNELS, settings.width, LATENT_SIZE, folded=True)
    with SideProcess("ours", settings) as worker:
        label = f"{settings.image_size} pixels, width {settings.width}, batch {settings.batch_size}"
        rounds = run_rounds({"ours": worker}, flags.rounds, flags.iterations, label)
        peak_bytes = worker.ask("memory")["peak_bytes"]
    gmacs = macs * settings.batch_size / 1e9
    seconds = min(r.seconds["ours"] for r in rounds)
    return {
        **dataclasses.asdict(settings),
        "gmacs": gmacs,
        "seconds": seconds,
        "gflops": 2.0 * gmacs / seconds,
        "peak_bytes": peak_bytes,
        "foreign_cores": max(r.foreign_cores for r in rounds),
    }


def dry_run(settings: Settings) -> dict[str, float]:
    """What `python -m tfgan_thyroid.train --dry-run` says of that setting."""
    from tfgan_thyroid.training.cost import estimate_cost

    c = settings
    said = estimate_cost(Config(image_size=c.image_size, width=c.width, batch_size=c.batch_size, seed=c.seed))
    return {"seconds": said.seconds_per_iteration, "peak_bytes": said.memory_gib * 2**30}


def summary(rows: Sequence[dict]) -> dict[str, float | None]:
    """The exponent of seconds against arithmetic over the larger half of the settings, and the dry runs' worst errors.

    Returns:
        `exponent`: 1 where time is proportional to arithmetic, None where that half has one amount of it.
        `dry_run_seconds_error`, `dry_run_memory_error`: largest `|said / measured - 1|`.
    """
    import numpy as np

    large = sorted(rows, key=lambda row: row["gmacs"])[len(rows) // 2 :]
    exponent = None
    if len({row["gmacs"] for row in large}) > 1:
        logs = np.log([[row["gmacs"], row["seconds"]] for row in large])
        exponent = float(np.polyfit(logs[:, 0], logs[:, 1], 1)[0])
    errors = {key: max(abs(row["dry_run"][key] / row[key] - 1.0) for row in rows) for key in ("seconds", "peak_bytes")}
    return {
        "exponent": exponent,
        "dry_run_seconds_error": errors["seconds"],
        "dry_run_memory_error": errors["peak_bytes"],
    }


def _print_row(row: dict, stream: TextIO) -> None:
    gib, said, said_gib = row["peak_bytes"] / 2**30, row["dry_run"]["seconds"], row["dry_run"]["peak_bytes"] / 2**30
    print(
        f"{row['image_size']:>6}{row['width']:>6}{row['batch_size']:>6}{row['gmacs']:>8.1f}{row['seconds']:>8.3f}"
        f"{row['gflops']:>9.1f}{gib:>7.2f}   {said:>8.3f}{said_gib:>7.2f}",
        file=stream,
        flush=True,
    )


def _summary_lines(found: dict) -> list[str]:
    lines = [
        f"--dry-run was wrong by at most {found['dry_run_seconds_error']:.0%} in seconds and "
        f"{found['dry_run_memory_error']:.0%} in memory"
    ]
    if found["exponent"] is not None:
        lines.append(f"seconds grow as the arithmetic to the power of {found['exponent']:.2f} (larger half)")
    return lines


def _parser() -> argparse.ArgumentParser:
    result = parser(
        "growth",
        "Time an iteration, and take its peak memory, at several widths, image sizes and batches, beside its "
        "arithmetic and beside what --dry-run says of it. Random images; nothing is written.",
        "--image-sizes 64,128 --widths 8,16 --batch-sizes 4,8",
    )
    for name, default, meaning in (
        ("--image-sizes", "64,128,256", "height and width in pixels, 4 * 2^n"),
        ("--widths", "8,16,32", "channels after D's first stage"),
        ("--batch-sizes", "4,8,16", "images in each of the four updates"),
    ):
        result.add_argument(name, type=command.counts, metavar="N,N", default=default, help=meaning)
    add_turns(result, rounds=3, iterations=2)
    return result


if __name__ == "__main__":
    command.run(main)
