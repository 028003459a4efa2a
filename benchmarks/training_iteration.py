"""Times one training iteration of the paper's model here and in an independent PyTorch implementation.

`python -m benchmarks.training_iteration` from the repository's root. The two sides are processes of their own, so that
each has its own peak memory; both are built and warmed up, then they work in turn, never at once, and the ratio is
taken round by round, so that a slow spell of the machine meets both.
"""

import argparse
import importlib.util
import json
import statistics
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from benchmarks.arithmetic import iteration_macs, pass_macs
from benchmarks.machine import describe_machine, package_versions
from benchmarks.report import write_report
from benchmarks.rounds import run_rounds
from benchmarks.sides import CHANNELS, LATENT_SIZE, Settings
from benchmarks.worker import Worker
from tfgan_thyroid import command
from tfgan_thyroid.config import CHOICES, stage_count
from tfgan_thyroid.errors import UserError

SIDES = {"ours": ("ours",), "peer": ("peer",), "both": ("ours", "peer")}
MEASURED_RATIOS = ("ratio", "memory_ratio", "training_memory_ratio")
SHORT_NAMES = {"float32": "float32", "mixed_bfloat16": "bfloat16"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    flags = _parser().parse_args(arguments)
    stage_count(flags.image_size)
    sides = SIDES[flags.sides]
    if "peer" in sides and importlib.util.find_spec("torch") is None:
        raise UserError("PyTorch is not installed: pip install -e '.[bench]', or time one side with --sides ours")
    settings = Settings(flags.image_size, flags.width, flags.batch_size, "float32", flags.seed)
    document: dict = {
        **{f"{key}_{name}": None for name in SHORT_NAMES.values() for key in MEASURED_RATIOS},
        "settings": {key: value for key, value in vars(flags).items() if key != "json"},
        "machine": describe_machine(),
        "versions": package_versions(),
        "results": {},
    }
    for precision in flags.precisions:
        result = measure(replace(settings, precision=precision), sides, flags.rounds, flags.iterations, flags.passes)
        name = SHORT_NAMES[precision]
        document["results"][name] = result
        if len(sides) == 2:
            document[f"ratio_{name}"] = result["ratio"]["median"]
            for key in MEASURED_RATIOS[1:]:
                document[f"{key}_{name}"] = result[key]
    write_report(document, sys.stderr if flags.json else sys.stdout)
    if flags.json:
        print(json.dumps(document))
    return 0


def measure(settings: Settings, sides: Sequence[str], rounds: int, iterations: int, passes: bool = False) -> dict:
    """Times the sides in turn.

    Args:
        settings: the work of one iteration.
        sides: `ours`, `peer`, or both.
        rounds: how often each side works.
        iterations: that a side runs in a round.
        passes: whether to time our updates one by one as well, where ours is one of the sides.

    Returns:
        A JSON object: for each side its seconds an iteration and its memory; where there are two, `ratio` (the
        peer's seconds over ours, by round), `memory_ratio` (our peak over the peer's) and `training_memory_ratio`
        (the same without what importing each framework took); `ceiling_gflops`, of one large convolution, where ours
        is one of the sides; `passes` by name, where asked for; `foreign_cores`, that other processes kept busy, by
        round.

    Raises:
        UserError: a side failed, or its losses were not finite.
    """
    with ExitStack() as stack:
        # One after the other, so that a warm-up meets an idle machine.
        workers = {side: stack.enter_context(Worker(side, settings)) for side in sides}
        done = run_rounds(workers, rounds, iterations, settings.precision)
        facts = {side: {**worker.ready, **worker.ask("memory")} for side, worker in workers.items()}
        ceiling = _ceiling(workers["ours"], rounds) if "ours" in sides else None
        by_pass = workers["ours"].ask("passes") if passes and "ours" in sides else {}
    result: dict = {"ceiling_gflops": ceiling, "foreign_cores": [r.foreign_cores for r in done]}
    if by_pass:
        result["passes"] = _passes_result(settings, by_pass, ceiling)
    for side in sides:
        result[side] = _side_result(settings, side, [r.seconds[side] for r in done], facts[side], ceiling)
    if len(sides) == 2:
        result["ratio"] = _spread([r.seconds["peer"] / r.seconds["ours"] for r in done])
        result["memory_ratio"] = facts["ours"]["peak_bytes"] / facts["peer"]["peak_bytes"]
        ours, peer = (facts[side]["peak_bytes"] - facts[side]["imported_bytes"] for side in ("ours", "peer"))
        result["training_memory_ratio"] = ours / peer
    return result


def _ceiling(worker: Worker, repetitions: int) -> float:
    """GFLOP/s of one large convolution: the best of several spells, since a disturbed one would sink the ceiling."""
    return max(worker.ask("ceiling")["gflops"] for _ in range(repetitions))


def _side_result(settings: Settings, side: str, seconds: list[float], facts: dict, ceiling: float | None) -> dict:
    """A side's timings, what they mean in images and arithmetic, and the facts it told of itself."""
    macs = iteration_macs(settings.image_size, CHANNELS, settings.width, LATENT_SIZE, folded=side == "ours")
    spread = _spread(seconds)
    gflops = 2e-9 * macs * settings.batch_size / spread["median"]
    return {
        "seconds": spread,
        "images_per_second": settings.batch_size / spread["median"],
        "gmacs_per_image": macs / 1e9,
        "gflops": gflops,
        "fraction_of_ceiling": gflops / ceiling if ceiling else None,
        **facts,
    }


def _passes_result(settings: Settings, seconds: dict[str, float], ceiling: float | None) -> dict:
    """Each update's and part's seconds beside its arithmetic."""
    macs = pass_macs(settings.image_size, CHANNELS, settings.width, LATENT_SIZE)
    result = {}
    for name, spent in seconds.items():
        gflops = 2e-9 * macs[name] * settings.batch_size / spent
        fraction = gflops / ceiling if ceiling else None
        result[name] = {
            "seconds": spent,
            "gmacs": macs[name] * settings.batch_size / 1e9,
            "gflops": gflops,
            "fraction_of_ceiling": fraction,
        }
    return result


def _spread(values: list[float]) -> dict:
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "rounds": values}


def _precisions(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in CHOICES["precision"]:
            raise argparse.ArgumentTypeError(f"{name!r} is no precision: choose from {', '.join(CHOICES['precision'])}")
    return names


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "benchmarks.training_iteration",
        "Time one training iteration of the paper's model (CD, E, D and G updated once) here and in an independent "
        "PyTorch implementation, and the peak memory of both. Random images; nothing is written.",
        "python -m benchmarks.training_iteration --image-size 64 --batch-size 8 --rounds 3",
    )
    count = command.positive_int
    parser.add_argument("--image-size", type=count, default=256, help="height and width in pixels, 4 * 2^n")
    parser.add_argument("--width", type=count, default=32, help="channels after D's first stage")
    parser.add_argument("--batch-size", type=count, default=8, help="images in each of the four updates")
    parser.add_argument(
        "--precisions",
        type=_precisions,
        default="float32,mixed_bfloat16",
        help="comma-separated, each in fresh processes: float32, mixed_bfloat16 (the peer: bfloat16 autocast)",
    )
    parser.add_argument(
        "--rounds",
        type=count,
        default=5,
        help="how often each side works, in turn (up to twice as often where other processes disturb)",
    )
    parser.add_argument(
        "--iterations",
        type=count,
        default=2,
        help="training iterations of a side in each round, after one that does not count",
    )
    parser.add_argument("--sides", choices=SIDES, default="both", help="time one side alone, or both for the ratios")
    parser.add_argument(
        "--passes",
        action="store_true",
        help="also time each of our updates, and the parts of D's, as graphs of their own",
    )
    parser.add_argument("--seed", type=command.seed, default=0, help="of the images and the initial values")
    parser.add_argument(
        "--json", action="store_true", help="end standard output with one JSON object; all else on standard error"
    )
    return parser


if __name__ == "__main__":
    command.run(main)
