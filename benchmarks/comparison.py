"""Two sides compared: seconds, arithmetic and memory, and the ratios of ours to the peer."""

import importlib.util
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from benchmarks.rounds import run_rounds
from benchmarks.scaffold import caution, spread
from benchmarks.side_process import SideProcess
from tfgan_thyroid.errors import UserError

if TYPE_CHECKING:
    from benchmarks.sides import Settings
    from benchmarks.unet_sides import UNetSettings

LABELS = {"ours": "ours", "peer": "PyTorch"}


def require_peer(remedy: str = "") -> None:
    """Raises a UserError where PyTorch is not installed."""
    if importlib.util.find_spec("torch") is None:
        raise UserError(f"PyTorch is not installed: pip install -e '.[bench]'{remedy}")


def compare(
    settings: "Settings | UNetSettings",
    module: str,
    sides: Sequence[str],
    label: str,
    rounds: int,
    iterations: int,
    images: int,
    macs: Callable[[str], float],
    ask_ours: Callable[[SideProcess], dict] = lambda worker: {},
) -> dict:
    """Times the sides in turn, each in a process of its own.

    Args:
        settings: the work of one iteration.
        module: that knows the sides, such as `benchmarks.sides`.
        sides: `ours`, `peer`, or both.
        label: starts each line of progress.
        rounds: how often each side works.
        iterations: that a side runs in a round.
        images: of one iteration.
        macs: multiply-accumulates of one iteration for an image, by side.
        ask_ours: further questions to our side, where it is one of the sides, after the rounds.

    Returns:
        A JSON object: for each side its seconds an iteration and its memory; where there are two, `ratio` (the
        peer's seconds over ours, by round), `memory_ratio` (our peak over the peer's) and `training_memory_ratio`
        (the same without what importing each framework took); `foreign_cores`, that other processes kept busy, by
        round; and the answers of `ask_ours`.

    Raises:
        UserError: a side failed, or its losses were not finite.
    """
    with ExitStack() as stack:
        # One after the other, so that a warm-up meets an idle machine.
        workers = {side: stack.enter_context(SideProcess(side, settings, module)) for side in sides}
        done = run_rounds(workers, rounds, iterations, label)
        facts = {side: {**worker.ready, **worker.ask("memory")} for side, worker in workers.items()}
        answers = ask_ours(workers["ours"]) if "ours" in workers else {}
    result: dict = {"foreign_cores": [r.foreign_cores for r in done], **answers}
    for side in sides:
        seconds = spread([r.seconds[side] for r in done])
        result[side] = {
            "seconds": seconds,
            "images_per_second": images / seconds["median"],
            "gmacs_per_image": macs(side) / 1e9,
            "gflops": 2e-9 * macs(side) * images / seconds["median"],
            **facts[side],
        }
    if len(sides) == 2:
        result["ratio"] = spread([r.seconds["peer"] / r.seconds["ours"] for r in done])
        result["memory_ratio"] = facts["ours"]["peak_bytes"] / facts["peer"]["peak_bytes"]
        ours, peer = (facts[side]["peak_bytes"] - facts[side]["imported_bytes"] for side in ("ours", "peer"))
        result["training_memory_ratio"] = ours / peer
    return result


def comparison_lines(name: str, result: dict) -> list[str]:
    """A table of the sides of one `compare`, for people."""
    columns = f"{'s/iteration':>12}{'min-max':>16}{'images/s':>10}{'GFLOP/s':>9}{'peak GiB':>10}{'after warm-up':>15}"
    lines = ["", f"{name:<12}{columns}"]
    for side, label in LABELS.items():
        if side in result:
            values, seconds = result[side], result[side]["seconds"]
            lines.append(
                f"{label:<12}{seconds['median']:>12.3f}{seconds['min']:>9.3f}-{seconds['max']:<6.3f}"
                f"{values['images_per_second']:>10.2f}{values['gflops']:>9.1f}{values['peak_bytes'] / 2**30:>10.2f}"
                f"{values['peak_bytes_after_warm_up'] / 2**30:>15.2f}"
            )
    if "ratio" in result:
        ratio = result["ratio"]
        lines.append(
            f"{'ratio':<12}{ratio['median']:.2f} times PyTorch's speed "
            f"(by round {ratio['min']:.2f}-{ratio['max']:.2f}), {result['memory_ratio']:.2f} times its peak memory, "
            f"{result['training_memory_ratio']:.2f} without what importing took"
        )
    return lines + caution(result["foreign_cores"])
