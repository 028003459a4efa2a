"""Times one training iteration of the paper's model here and in an independent PyTorch implementation.

`python -m benchmarks.training_iteration` from the repository's root. The two sides are processes of their own, so that
each has its own peak memory; both are built and warmed up, then they work in turn, never at once, and the ratio is
taken round by round, so that a slow spell of the machine meets both.
"""

import argparse
from collections.abc import Sequence

from benchmarks.arithmetic import iteration_macs, pass_macs
from benchmarks.comparison import compare, comparison_lines, require_peer
from benchmarks.scaffold import add_counts, add_turns, document, parser, publish
from benchmarks.side_process import SideProcess
from benchmarks.sides import CHANNELS, LATENT_SIZE, Settings
from tfgan_thyroid import command
from tfgan_thyroid.config import CHOICES, stage_count

SIDES = {"ours": ("ours",), "peer": ("peer",), "both": ("ours", "peer")}
SHORT_NAMES = {"float32": "float32", "mixed_bfloat16": "bfloat16"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    flags = _parser().parse_args(arguments)
    stage_count(flags.image_size)
    if "peer" in SIDES[flags.sides]:
        require_peer(", or time one side with --sides ours")
    results = {SHORT_NAMES[precision]: measure(flags, precision) for precision in flags.precisions}
    ratios: dict[str, float | None] = {}
    for name in SHORT_NAMES.values():
        result = results.get(name, {})
        ratios[f"ratio_{name}"] = result["ratio"]["median"] if "ratio" in result else None
        ratios |= {f"{key}_{name}": result.get(key) for key in ("memory_ratio", "training_memory_ratio")}
    lines = [
        f"iteration   {flags.image_size}x{flags.image_size} pixels, width {flags.width}, batch {flags.batch_size}; "
        f"{flags.rounds} rounds of {flags.iterations}"
    ]
    for name, result in results.items():
        lines += [*comparison_lines(name, result), *_ceiling_lines(result)]
    publish(flags, document(flags, results=results, **ratios), lines)
    return 0


def measure(flags: argparse.Namespace, precision: str) -> dict:
    """As `compare`, with `fraction_of_ceiling` of each side and, where ours is one of them, what `_ask_ours` adds."""
    settings = Settings(flags.image_size, flags.width, flags.batch_size, precision, flags.seed)
    shape = settings.image_size, CHANNELS, settings.width, LATENT_SIZE
    result = compare(
        settings,
        "benchmarks.sides",
        SIDES[flags.sides],
        precision,
        flags.rounds,
        flags.iterations,
        settings.batch_size,
        lambda side: iteration_macs(*shape, folded=side == "ours"),
        lambda worker: _ask_ours(worker, settings, flags),
    )
    ceiling = result.get("ceiling_gflops")
    for part in [result[side] for side in SIDES[flags.sides]] + list(result.get("passes", {}).values()):
        part["fraction_of_ceiling"] = part["gflops"] / ceiling if ceiling else None
    return result


def _ask_ours(worker: SideProcess, settings: Settings, flags: argparse.Namespace) -> dict:
    """GFLOP/s of one large convolution alone and, where asked for, each update's and part's seconds and arithmetic."""
    # The best of several spells, since a disturbed one would sink the ceiling.
    answers: dict = {"ceiling_gflops": max(worker.ask("ceiling")["gflops"] for _ in range(flags.rounds))}
    if flags.passes:
        macs = pass_macs(settings.image_size, CHANNELS, settings.width, LATENT_SIZE)
        gmacs = {name: 1e-9 * settings.batch_size * count for name, count in macs.items()}
        answers["passes"] = {
            name: {"seconds": seconds, "gmacs": gmacs[name], "gflops": 2.0 * gmacs[name] / seconds}
            for name, seconds in worker.ask("passes").items()
        }
    return answers


def _ceiling_lines(result: dict) -> list[str]:
    if "ceiling_gflops" not in result:
        return []
    lines = [
        f"{'ceiling':<12}{result['ceiling_gflops']:.0f} GFLOP/s, a 3x3 convolution 128 -> 256 alone; "
        f"ours reaches {result['ours']['fraction_of_ceiling']:.0%} of it"
    ]
    if "passes" in result:
        lines.append(f"{'pass':<14}{'GMAC':>8}{'s':>9}{'GFLOP/s':>9}{'of ceiling':>12}")
    for name, part in result.get("passes", {}).items():
        numbers = f"{part['gmacs']:>8.1f}{part['seconds']:>9.3f}{part['gflops']:>9.1f}"
        lines.append(f"{name:<14}{numbers}{part['fraction_of_ceiling']:>12.0%}")
    return lines


def _precisions(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in CHOICES["precision"]:
            raise argparse.ArgumentTypeError(f"{name!r} is no precision: choose from {', '.join(CHOICES['precision'])}")
    return names


def _parser() -> argparse.ArgumentParser:
    result = parser(
        "training_iteration",
        "Time one training iteration of the paper's model (CD, E, D and G updated once) here and in an independent "
        "PyTorch implementation, and the peak memory of both. Random images; nothing is written.",
        "--image-size 64 --batch-size 8 --rounds 3",
    )
    add_counts(
        result,
        image_size=(256, "height and width in pixels, 4 * 2^n"),
        width=(32, "channels after D's first stage"),
        batch_size=(8, "images in each of the four updates"),
    )
    add = result.add_argument
    add(
        "--precisions",
        type=_precisions,
        default="float32,mixed_bfloat16",
        help="comma-separated, each in fresh processes: float32, mixed_bfloat16 (the peer: bfloat16 autocast)",
    )
    add_turns(result, rounds=5, iterations=2)
    add("--sides", choices=SIDES, default="both", help="time one side alone, or both for the ratios")
    add(
        "--passes",
        action="store_true",
        help="also time each of our updates, and the parts of D's, as graphs of their own",
    )
    return result


if __name__ == "__main__":
    command.run(main)
