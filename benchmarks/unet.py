"""Times a U-Net's training step and its inference here and in an independent PyTorch implementation.

`python -m benchmarks.unet` from the repository's root. The two sides are processes of their own that work in turn;
the ratio is taken round by round, so that a slow spell of the machine meets both.
"""

import argparse
import importlib.util
import json
import statistics
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TextIO

from benchmarks.machine import describe_machine, package_versions
from benchmarks.rounds import DISTURBING_CORES, run_rounds
from benchmarks.sides import CHANNELS
from benchmarks.unet_sides import TASKS, UNetSettings
from benchmarks.worker import Worker
from tfgan_thyroid import command
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.segmentation.config import CHOICES

SIDES = ("ours", "peer")
PASSES = {"training": 3, "inference": 1}
"""In forward passes: a backward pass costs one for the weights and one for the inputs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    flags = _parser().parse_args(arguments)
    if importlib.util.find_spec("torch") is None:
        raise UserError("PyTorch is not installed: pip install -e '.[bench]'")
    document: dict = {
        "settings": {key: value for key, value in vars(flags).items() if key != "json"},
        "machine": describe_machine(),
        "versions": package_versions(),
        "results": {},
    }
    for task in TASKS:
        settings = UNetSettings(task, flags.image_size, flags.width, flags.batch_size, flags.precision, flags.seed)
        document["results"][task] = measure(settings, flags.rounds, flags.iterations)
    write_report(document, sys.stderr if flags.json else sys.stdout)
    if flags.json:
        print(json.dumps(document))
    return 0


def measure(settings: UNetSettings, rounds: int, iterations: int) -> dict:
    """Times both sides in turn.

    Args:
        settings: the work of one iteration.
        rounds: how often each side works.
        iterations: that a side runs in a round.

    Returns:
        A JSON object: seconds an iteration and peak memory by side, `ratio` (the peer's seconds over ours, by round),
        `memory_ratio` (our peak over the peer's), and `foreign_cores`, that other processes kept busy.

    Raises:
        UserError: a side failed, or its losses were not finite.
    """
    with ExitStack() as stack:
        workers = {side: stack.enter_context(Worker(side, settings, "benchmarks.unet_sides")) for side in SIDES}
        done = run_rounds(workers, rounds, iterations, settings.task)
        facts = {side: {**worker.ready, **worker.ask("memory")} for side, worker in workers.items()}
    gmacs = PASSES[settings.task] * forward_macs(settings.image_size, CHANNELS, settings.width) / 1e9
    result: dict = {"gmacs_per_image": gmacs, "foreign_cores": [r.foreign_cores for r in done]}
    for side in SIDES:
        seconds = _spread([r.seconds[side] for r in done])
        result[side] = {
            "seconds": seconds,
            "images_per_second": settings.batch_size / seconds["median"],
            "gflops": 2.0 * gmacs * settings.batch_size / seconds["median"],
            **facts[side],
        }
    result["ratio"] = _spread([r.seconds["peer"] / r.seconds["ours"] for r in done])
    result["memory_ratio"] = facts["ours"]["peak_bytes"] / facts["peer"]["peak_bytes"]
    return result


def forward_macs(image_size: int, channels: int, width: int) -> int:
    """MACs of one forward pass over one image: the convolutions alone."""
    total, inputs = 0, channels
    for level in range(5):
        filters, pixels = width * 2**level, (image_size // 2**level) ** 2
        total += 9 * pixels * filters * (inputs + filters)
        if level < 4:  # the way up: a transposed convolution from the level below, then two convolutions
            total += pixels * filters * 2 * filters + 9 * pixels * filters * (2 * filters + filters)
        inputs = filters
    return total + image_size**2 * width


def write_report(document: dict, stream: TextIO) -> None:
    """Writes machine, versions and one block a task."""
    machine, settings = document["machine"], document["settings"]
    versions = ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    print(f"machine    {machine['cpu']}, {machine['usable_cores']} usable cores", file=stream)
    print(f"versions   Python {machine['python']}, {versions}", file=stream)
    print(
        f"U-Net      {settings['image_size']}x{settings['image_size']} pixels, width {settings['width']}, batch "
        f"{settings['batch_size']}, {settings['precision']}; {settings['rounds']} rounds of {settings['iterations']}",
        file=stream,
    )
    for task, result in document["results"].items():
        print(f"\n{task:<10}{'s':>9}{'min-max':>16}{'images/s':>10}{'GFLOP/s':>9}{'peak GiB':>10}", file=stream)
        for side, label in (("ours", "ours"), ("peer", "PyTorch")):
            values, seconds = result[side], result[side]["seconds"]
            spread = f"{seconds['min']:.3f}-{seconds['max']:.3f}"
            print(
                f"{label:<10}{seconds['median']:>9.3f}{spread:>16}{values['images_per_second']:>10.1f}"
                f"{values['gflops']:>9.1f}{values['peak_bytes'] / 2**30:>10.2f}",
                file=stream,
            )
        ratio = result["ratio"]
        by_round = f"by round {ratio['min']:.2f}-{ratio['max']:.2f}"
        print(
            f"{'ratio':<10}{ratio['median']:.2f} times PyTorch's speed ({by_round}), "
            f"{result['memory_ratio']:.2f} times its peak memory",
            file=stream,
        )
        busiest = max(result["foreign_cores"])
        if busiest > DISTURBING_CORES:
            print(f"{'caution':<10}other processes kept up to {busiest:.1f} cores busy: time again", file=stream)


def _spread(values: list[float]) -> dict:
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "rounds": values}


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "benchmarks.unet",
        "Time a U-Net's training step (cross-entropy, Adam) and its inference (grey levels to probabilities) here and "
        "in an independent PyTorch implementation, and the peak memory of both. Noise as images; nothing is written.",
        "python -m benchmarks.unet --image-size 64 --width 8 --rounds 3",
    )
    count = command.positive_int
    parser.add_argument("--image-size", type=count, default=128, help="height and width in pixels, a multiple of 16")
    parser.add_argument("--width", type=count, default=8, help="channels at full size")
    parser.add_argument("--batch-size", type=count, default=16, help="images at a time")
    parser.add_argument("--precision", choices=CHOICES["precision"], default="float32", help="of both sides")
    parser.add_argument(
        "--rounds",
        type=count,
        default=5,
        help="how often each side works, in turn (up to twice as often where other processes disturb)",
    )
    parser.add_argument("--iterations", type=count, default=4, help="iterations of a side in each round")
    parser.add_argument("--seed", type=command.seed, default=0, help="of the images and the initial values")
    parser.add_argument(
        "--json", action="store_true", help="end standard output with one JSON document; all else on standard error"
    )
    return parser


if __name__ == "__main__":
    command.run(main)
