"""Times the preprocessing job beside a plain Pillow loop of the same work, and one process beside several.

`python -m benchmarks.preprocessing` from the repository's root. Every side is a process of its own, timed from its
start to its end; they work in turn, never at once, and ratios are taken round by round. Then the memory of the job,
in one process, over a growing number of scans.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.machine import busy_core_seconds
from benchmarks.scaffold import add_counts, caution, document, parser, publish, spread
from tfgan_thyroid import command
from tfgan_thyroid.errors import UserError

JPEG_SIZE = 400


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    flags = _parser().parse_args(arguments)
    ratios: dict = dict.fromkeys(("ratio_one_process", "ratio_processes", "ratio_processes_to_pillow", "memory_growth"))
    results: dict = {}
    with tempfile.TemporaryDirectory(dir=flags.scratch) as scratch:
        if flags.rounds:
            ratios |= _throughput(Path(scratch), flags, results)
        if flags.memory_scans:
            ratios |= _memory(Path(scratch), flags, results)
    publish(flags, document(flags, results=results, **ratios), _lines(results, ratios))
    return 0


def sides(scans: Path, output: Path, image_size: int, processes: int) -> dict[str, list[str]]:
    """The command line of each side: `pillow`, `one_process` and `processes`."""
    common = ["--input", str(scans), "--image-size", str(image_size)]
    job = [sys.executable, "-m", "pipeline.preprocess", *common, "--overwrite"]
    several = ["--direct_running_mode=multi_processing", f"--direct_num_workers={processes}"]
    return {
        "pillow": [sys.executable, "-m", "benchmarks.pillow_loop", *common, "--output", str(output / "loop.tfrecord")],
        "one_process": [*job, "--output", str(output / "one")],
        "processes": [*job, "--output", str(output / "several"), *several],
    }


def run_timed(words: Sequence[str]) -> dict[str, float]:
    """Run a command to its end.

    Returns:
        `seconds` of wall clock; `cpu_seconds` of the process and those it waited for; `peak_bytes`, the largest
        resident memory that one of them had.
    """
    started = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - started
        if process.returncode:
            output.seek(0)
            last = (output.read().decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
            raise UserError(f"{' '.join(words[1:3])} ended with code {process.returncode}: {last}")
    unit = 1 if sys.platform == "darwin" else 1024
    return {"seconds": seconds, "cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_bytes": usage.ru_maxrss * unit}


def _throughput(scratch: Path, flags: argparse.Namespace, results: dict) -> dict:
    """Times all sides in turn; fills `results["throughput"]` and returns the ratios (medians over the rounds)."""
    from benchmarks.scan_collection import write_scans

    scans = flags.collection
    if scans is None:
        scans = scratch / "scans"
        scans.mkdir()
        write_scans(scans, 0, flags.scans)
    commands = sides(scans, scratch, flags.image_size, flags.processes)
    done: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    foreign_cores = []
    for number in range(flags.rounds):
        busy, own, elapsed = busy_core_seconds(), 0.0, 0.0
        for name in list(commands) if number % 2 == 0 else list(commands)[::-1]:
            done[name].append(run_timed(commands[name]))
            own += done[name][-1]["cpu_seconds"]
            elapsed += done[name][-1]["seconds"]
        foreign_cores.append(max(0.0, busy_core_seconds() - busy - own) / elapsed)
        told = ", ".join(f"{name} {done[name][-1]['seconds']:.1f} s" for name in commands)
        print(f"round {number + 1}: {told}, {foreign_cores[-1]:.2f} cores busy elsewhere", file=sys.stderr, flush=True)
    seconds = {name: [run["seconds"] for run in runs] for name, runs in done.items()}
    results["throughput"] = {
        "scans": sum(1 for _ in scans.iterdir()),
        "sides": {
            name: {"seconds": spread(seconds[name]), "peak_bytes": max(run["peak_bytes"] for run in done[name])}
            for name in commands
        },
        "foreign_cores": foreign_cores,
    }

    def ratio(numerator: str, denominator: str) -> float:
        return statistics.median(a / b for a, b in zip(seconds[numerator], seconds[denominator], strict=True))

    return {
        "ratio_one_process": ratio("pillow", "one_process"),
        "ratio_processes": ratio("one_process", "processes"),
        "ratio_processes_to_pillow": ratio("pillow", "processes"),
    }


def _memory(scratch: Path, flags: argparse.Namespace, results: dict) -> dict:
    """The peak of one process over ever more JPEGs; fills `results["memory"]`, returns last peak over first."""
    from benchmarks.scan_collection import write_scans

    scans = scratch / "jpegs"
    scans.mkdir()
    curve: list[dict[str, float]] = []
    written = 0
    for count in sorted(flags.memory_scans):
        write_scans(scans, written, count - written, JPEG_SIZE)
        written = count
        run = run_timed(sides(scans, scratch, flags.image_size, 1)["one_process"])
        curve.append({"scans": count, "peak_bytes": run["peak_bytes"], "seconds": run["seconds"]})
        print(f"memory: {count} scans, {run['peak_bytes'] / 2**20:.0f} MiB", file=sys.stderr, flush=True)
    results["memory"] = curve
    return {"memory_growth": curve[-1]["peak_bytes"] / curve[0]["peak_bytes"]}


def _lines(results: dict, ratios: dict) -> list[str]:
    lines = []
    throughput = results.get("throughput")
    if throughput:
        lines.append(f"scans        {throughput['scans']}")
        for name, side in throughput["sides"].items():
            seconds = side["seconds"]
            lines.append(
                f"{name:<12} {seconds['median']:.1f} s ({seconds['min']:.1f}-{seconds['max']:.1f}), "
                f"largest process {side['peak_bytes'] / 2**20:.0f} MiB"
            )
        lines += [
            f"one process  {ratios['ratio_one_process']:.2f} times the speed of the plain Pillow loop",
            f"processes    {ratios['ratio_processes']:.2f} times the speed of one, "
            f"{ratios['ratio_processes_to_pillow']:.2f} times that of the loop",
            *caution(throughput["foreign_cores"]),
        ]
    for point in results.get("memory", []):
        lines.append(f"memory       {point['scans']:6} scans: {point['peak_bytes'] / 2**20:.0f} MiB at the peak")
    return lines


def _counts(text: str) -> list[int]:
    return [command.positive_int(word) for word in text.split(",") if word]


def _rounds(text: str) -> int:
    return 0 if text == "0" else command.positive_int(text)


def _parser() -> argparse.ArgumentParser:
    result = parser(
        "preprocessing",
        "Time python -m pipeline.preprocess in one process and in several, beside a plain Pillow loop of the same "
        "work, and its peak memory over a growing number of scans. Scans are made for it and removed at the end.",
        "--scans 600 --rounds 1 --memory-scans 500,1000",
    )
    add_counts(
        result,
        scans=(5000, "of 875x1167 pixels, 0.45 MB each"),
        image_size=(256, "to store, pixels"),
        processes=(2, "worker processes of the last side"),
    )
    add = result.add_argument
    add("--collection", type=Path, metavar="DIR", help="sound scans to time with; made where not given")
    add("--rounds", type=_rounds, default=3, metavar="N", help="how often each side works, in turn; 0 for memory alone")
    add(
        "--memory-scans",
        type=_counts,
        default="1000,5000,20000,50000",
        metavar="N,N",
        help=f"JPEGs of {JPEG_SIZE}x{JPEG_SIZE} pixels for the memory curve, 25 kB each; '' to leave it out",
    )
    add("--scratch", type=Path, metavar="DIR", help="where scans are put; the system's temporary folder if not given")
    return result


if __name__ == "__main__":
    command.run(main)
