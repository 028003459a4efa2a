"""Times a U-Net's training step and its inference here and in an independent PyTorch implementation.

`python -m benchmarks.unet` from the repository's root. The two sides are processes of their own that work in turn;
the ratio is taken round by round, so that a slow spell of the machine meets both.
"""

import argparse
from collections.abc import Sequence

from benchmarks.comparison import compare, comparison_lines, require_peer
from benchmarks.scaffold import add_counts, add_turns, document, parser, publish
from benchmarks.sides import CHANNELS
from benchmarks.unet_sides import UNetSettings
from tfgan_thyroid import command
from tfgan_thyroid.segmentation.config import CHOICES

PASSES = {"training": 3, "inference": 1}
"""In forward passes: a backward pass costs one for the weights and one for the inputs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    flags = _parser().parse_args(arguments)
    require_peer()
    results = {task: measure(flags, task) for task in PASSES}
    lines = [
        f"U-Net       {flags.image_size}x{flags.image_size} pixels, width {flags.width}, batch {flags.batch_size}, "
        f"{flags.precision}; {flags.rounds} rounds of {flags.iterations}"
    ]
    for task, result in results.items():
        lines += comparison_lines(task, result)
    publish(flags, document(flags, results=results), lines)
    return 0


def measure(flags: argparse.Namespace, task: str) -> dict:
    """As `compare`, of one task of `PASSES`."""
    settings = UNetSettings(task, flags.image_size, flags.width, flags.batch_size, flags.precision, flags.seed)
    macs = PASSES[task] * forward_macs(flags.image_size, CHANNELS, flags.width)
    sides, module = ("ours", "peer"), "benchmarks.unet_sides"
    turns = flags.rounds, flags.iterations
    return compare(settings, module, sides, task, *turns, flags.batch_size, lambda side: macs)


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


def _parser() -> argparse.ArgumentParser:
    result = parser(
        "unet",
        "Time a U-Net's training step (cross-entropy, Adam) and its inference (grey levels to probabilities) here and "
        "in an independent PyTorch implementation, and the peak memory of both. Noise as images; nothing is written.",
        "--image-size 64 --width 8 --rounds 3",
    )
    add_counts(
        result,
        image_size=(128, "height and width in pixels, a multiple of 16"),
        width=(8, "channels at full size"),
        batch_size=(16, "images at a time"),
    )
    result.add_argument("--precision", choices=CHOICES["precision"], default="float32", help="of both sides")
    add_turns(result, rounds=5, iterations=4)
    return result


if __name__ == "__main__":
    command.run(main)
