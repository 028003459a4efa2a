"""Times all metrics of one evaluation, how they grow, and the memory that many images need.

`python -m benchmarks.metrics` from the repository's root. Images are random speckle, so that it needs no data.
"""

import argparse
import json
import sys
import time
import tracemalloc
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from benchmarks.machine import busy_core_seconds, describe_machine, package_versions
from tfgan_thyroid import command
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.metrics.catalog import METRIC_NAMES

if TYPE_CHECKING:
    import numpy as np

FEATURE_METRICS = ("mmd", "mmd-unbiased", "1nn", "kid", "precision", "recall", "density", "coverage")
LARGE_FEATURES = 256


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    flags = _parser().parse_args(arguments)
    if flags.images < 4 * flags.samples:
        raise UserError(f"--images {flags.images}: give at least {4 * flags.samples}, for draws of twice --samples")
    stream = sys.stderr if flags.json else sys.stdout
    machine = describe_machine()
    real, generated = (speckle_images(flags.seed + kind, flags.images, flags.image_size) for kind in (0, 1))
    document: dict = {
        "settings": {key: value for key, value in vars(flags).items() if key != "json"},
        "machine": machine,
        "versions": package_versions(),
        "evaluation": time_evaluation(real, generated, flags.samples, flags.draws, flags.seed),
        "seconds_by_metric": time_metrics(real, generated, flags.samples, flags.seed),
        "samples": time_samples(real, generated, flags.samples, flags.seed),
        "large": measure_large(flags.large, flags.seed) if flags.large else None,
    }
    document["seconds"] = document["evaluation"]["seconds"]
    _print(document, stream)
    if flags.json:
        print(json.dumps(document))
    return 0


def speckle_images(seed: int, count: int, size: int) -> "np.ndarray":
    """Cut-outs of one large texture under random gains: uint8 `[count, size, size, 1]`."""
    import numpy as np
    from scipy import ndimage

    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.normal(size=(2, 2 * size, 2 * size)), (0, 1.0, 2.0))
    texture = np.hypot(*field) / np.hypot(*field).mean()
    corners = rng.integers(0, size + 1, (count, 2))
    cut = np.stack([texture[top : top + size, left : left + size] for top, left in corners])
    gains = rng.uniform(40.0, 110.0, (count, 1, 1))
    return np.clip(cut * gains, 0, 255).astype(np.uint8)[..., None]


def time_evaluation(real: "np.ndarray", generated: "np.ndarray", samples: int, draws: int, seed: int) -> dict:
    """All metrics over all draws.

    Args:
        real: uint8 `[N, H, W, 1]`.
        generated: likewise.
        samples: images of each kind in a draw.
        draws: number of draws.
        seed: of the draws.

    Returns:
        `seconds` in all; `by_draw`, of each draw, the first of which holds what is computed once; `later_half`, the
        mean draw of the second half over that of the first (without draw 1; null under five draws): 1 where seconds
        grow linearly; `foreign_cores` that other processes kept busy meanwhile.
    """
    from tfgan_thyroid.metrics.suite import evaluate_metrics

    times, busy, own = [time.perf_counter()], busy_core_seconds(), time.process_time()
    evaluate_metrics(
        METRIC_NAMES,
        real,
        generated,
        samples=samples,
        draws=draws,
        seed=seed,
        progress=lambda done, total: times.append(time.perf_counter()),
    )
    seconds = time.perf_counter() - times[0]
    foreign = busy_core_seconds() - busy - (time.process_time() - own)
    by_draw = [after - before for before, after in zip(times[:-1], times[1:], strict=True)]
    rest = by_draw[1:]
    half = len(rest) // 2
    later = (sum(rest[-half:]) / sum(rest[:half])) if half > 1 else None
    return {
        "seconds": seconds,
        "by_draw": by_draw,
        "later_half": later,
        "foreign_cores": max(0.0, foreign / seconds),
    }


def time_metrics(real: "np.ndarray", generated: "np.ndarray", samples: int, seed: int) -> dict[str, float]:
    """Seconds of one draw of each metric alone, its real-against-real floor included, from twice as many images."""
    return {
        name: _seconds([name], real[: 2 * samples], generated[: 2 * samples], samples, seed) for name in METRIC_NAMES
    }


def time_samples(real: "np.ndarray", generated: "np.ndarray", samples: int, seed: int) -> dict:
    """Seconds of one draw of the metrics of distances, at n and at 2 n images, and the growth: at most 4."""
    small, large = (_seconds(FEATURE_METRICS, real, generated, n, seed) for n in (samples, 2 * samples))
    return {"n": samples, "seconds": small, "seconds_at_2n": large, "growth": large / small}


def measure_large(count: int, seed: int) -> dict:
    """One draw of the metrics of distances over many images.

    Args:
        count: real and generated images.
        seed: of their features.

    Returns:
        `seconds`; `peak_bytes`, allocated beyond the features; `matrix_bytes`, what one matrix of all distances takes.
    """
    import numpy as np

    from tfgan_thyroid.metrics.suite import evaluate_metrics

    rng = np.random.default_rng(seed)
    real, generated = (rng.normal(size=(count, LARGE_FEATURES)) for _ in range(2))
    images = rng.integers(0, 256, (count, 1, 1, 1), dtype=np.uint8)
    tracemalloc.start()
    start = time.perf_counter()
    features = ("random", real, generated)
    evaluate_metrics(FEATURE_METRICS, images, images, samples=count, draws=1, seed=seed, features=features)
    seconds, peak = time.perf_counter() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {
        "images": count,
        "features": LARGE_FEATURES,
        "seconds": seconds,
        "peak_bytes": peak,
        "matrix_bytes": 8 * count**2,
    }


def _seconds(names: Sequence[str], real: "np.ndarray", generated: "np.ndarray", samples: int, seed: int) -> float:
    from tfgan_thyroid.metrics.suite import evaluate_metrics

    start = time.perf_counter()
    evaluate_metrics(names, real, generated, samples=samples, draws=1, seed=seed)
    return time.perf_counter() - start


def _print(document: dict, stream: TextIO) -> None:
    machine, evaluation, settings = document["machine"], document["evaluation"], document["settings"]
    growth, large, size = document["samples"], document["large"], document["settings"]["image_size"]
    once = evaluation["by_draw"][0]
    rest = evaluation["by_draw"][1:]
    lines = [
        f"machine     {machine['cpu']}, {machine['usable_cores']} usable cores, {machine['memory_gib']:.0f} GiB, "
        f"load average at the start {machine['load_average']:.1f}",
        f"evaluation  {evaluation['seconds']:.1f} s: all metrics at {size}x{size} pixels, {settings['images']} real "
        f"and as many generated images, {settings['draws']} draws of {settings['samples']}; "
        f"{evaluation['foreign_cores']:.2f} cores busy with other processes",
        f"draws       first {once:.2f} s"
        + (f", then {sum(rest) / len(rest):.2f} s each" if rest else "")
        + (f", later half over earlier {evaluation['later_half']:.2f}" if evaluation["later_half"] else ""),
        f"samples     {growth['seconds']:.2f} s at n = {growth['n']}, {growth['seconds_at_2n']:.2f} s at twice that: "
        f"{growth['growth']:.1f}-fold",
    ]
    if large:
        lines.append(
            f"memory      {large['images']:,} against {large['images']:,} images of {large['features']} features: "
            f"{large['peak_bytes'] / 2**20:.0f} MiB beside them (one matrix of distances: "
            f"{large['matrix_bytes'] / 2**20:.0f} MiB), {large['seconds']:.1f} s"
        )
    lines += [f"{name:<12}{seconds:.2f} s a draw alone" for name, seconds in document["seconds_by_metric"].items()]
    print("\n".join(lines), file=stream, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "benchmarks.metrics",
        "Time all metrics of one evaluation on random speckle images, their growth with draws and with images in a "
        "draw, and the memory of a draw of many images. Nothing is written.",
        "python -m benchmarks.metrics --image-size 256 --draws 10",
    )
    count = command.positive_int
    parser.add_argument("--image-size", type=count, default=256, help="height and width in pixels")
    parser.add_argument("--images", type=count, default=609, help="real images, and generated ones, to draw from")
    parser.add_argument("--draws", type=count, default=10, help="draws of the evaluation")
    parser.add_argument("--samples", type=count, default=100, help="images of each kind in a draw (MS-SSIM: 32)")
    parser.add_argument("--large", type=int, default=10_000, help="images of each kind in the large draw; 0: skip it")
    parser.add_argument("--seed", type=command.seed, default=0, help="of the images and the draws")
    parser.add_argument(
        "--json", action="store_true", help="end standard output with one JSON object; all else on standard error"
    )
    return parser


if __name__ == "__main__":
    command.run(main)
