"""Times all metrics of one evaluation, how they grow, and the memory that many images need.

`python -m benchmarks.metrics` from the repository's root. Images are random speckle, so that it needs no data.
"""

import argparse
import time
import tracemalloc
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmarks.machine import busy_core_seconds
from benchmarks.scaffold import add_counts, document, parser, publish
from tfgan_thyroid import command
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.metric_catalog import METRICS

if TYPE_CHECKING:
    import numpy as np

FEATURE_METRICS = ("mmd", "mmd-unbiased", "1nn", "kid", "precision", "recall", "density", "coverage")
LARGE_FEATURES = 256
# Pixels are the features here; a metric that needs others is left out.
PIXEL_METRICS = tuple(name for name, metric in METRICS.items() if metric.space != "features")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    flags = _parser().parse_args(arguments)
    if flags.images < 4 * flags.samples:
        raise UserError(f"--images {flags.images}: give at least {4 * flags.samples}, for draws of twice --samples")
    real, generated = (speckle_images(flags.seed + kind, flags.images, flags.image_size) for kind in (0, 1))
    evaluation = time_evaluation(real, generated, flags.samples, flags.draws, flags.seed)
    measured = document(
        flags,
        seconds=evaluation["seconds"],
        evaluation=evaluation,
        seconds_by_metric=time_metrics(real, generated, flags.samples, flags.seed),
        samples=time_samples(real, generated, flags.samples, flags.seed),
        large=measure_large(flags.large, flags.seed) if flags.large else None,
    )
    publish(flags, measured, _lines(measured))
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

    Returns:
        `seconds` in all; `by_draw`, of each draw, the first of which holds what is computed once; `later_half`, the
        mean draw of the second half over that of the first (without draw 1; null under five draws): 1 where seconds
        grow linearly; `foreign_cores` that other processes kept busy meanwhile.
    """
    from tfgan_thyroid.metrics.suite import evaluate_metrics

    times, busy, own = [time.perf_counter()], busy_core_seconds(), time.process_time()
    evaluate_metrics(
        PIXEL_METRICS,
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
    return {"seconds": seconds, "by_draw": by_draw, "later_half": later, "foreign_cores": max(0.0, foreign / seconds)}


def time_metrics(real: "np.ndarray", generated: "np.ndarray", samples: int, seed: int) -> dict[str, float]:
    """Seconds of one draw of each metric alone, its real-against-real floor included, from twice as many images."""
    return {
        name: _seconds([name], real[: 2 * samples], generated[: 2 * samples], samples, seed) for name in PIXEL_METRICS
    }


def time_samples(real: "np.ndarray", generated: "np.ndarray", samples: int, seed: int) -> dict:
    """Seconds of one draw of the metrics of distances, at n and at 2 n images, and the growth: at most 4."""
    small, large = (_seconds(FEATURE_METRICS, real, generated, n, seed) for n in (samples, 2 * samples))
    return {"n": samples, "seconds": small, "seconds_at_2n": large, "growth": large / small}


def measure_large(count: int, seed: int) -> dict:
    """One draw of the metrics of distances over many images.

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


def _lines(document: dict) -> list[str]:
    evaluation, settings = document["evaluation"], document["settings"]
    growth, large, size = document["samples"], document["large"], settings["image_size"]
    once, *rest = evaluation["by_draw"]
    lines = [
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
    return lines + [
        f"{name:<12}{seconds:.2f} s a draw alone" for name, seconds in document["seconds_by_metric"].items()
    ]


def _parser() -> argparse.ArgumentParser:
    result = parser(
        "metrics",
        "Time all metrics of one evaluation on random speckle images, their growth with draws and with images in a "
        "draw, and the memory of a draw of many images. Nothing is written.",
        "--image-size 256 --draws 10",
    )
    add_counts(
        result,
        image_size=(256, "height and width in pixels"),
        images=(609, "real images, and generated ones, to draw from"),
        draws=(10, "draws of the evaluation"),
        samples=(100, "images of each kind in a draw (MS-SSIM: 32)"),
    )
    result.add_argument("--large", type=int, default=10_000, help="images of each kind in the large draw; 0: skip it")
    result.add_argument("--seed", type=command.seed, default=0, help="of the images and the draws")
    return result


if __name__ == "__main__":
    command.run(main)
