"""All metrics by name, in one pass over the draws."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.metrics.catalog import METRIC_NAMES, RESULTS, SMALLEST_DRAW
from tfgan_thyroid.metrics.draws import Draw, ImageSet, random_draws
from tfgan_thyroid.metrics.estimate import Estimate
from tfgan_thyroid.metrics.mmd import mmd_from, mmd_unbiased_from
from tfgan_thyroid.metrics.nearest_neighbor import nearest_neighbor_accuracy_from

PIXELS = "pixels in [0, 1]"


@dataclass(frozen=True)
class Metric:
    """How a metric is computed.

    Attributes:
        compute: one number for each of its results in the catalog, in that order.
        smallest: images of each kind that a draw needs.
        largest: images of each kind that it uses of a draw, or None for all.
        pixels_only: whether it looks at the images whatever features are given.
    """

    compute: Callable[[Draw], Sequence[float]]
    smallest: int = SMALLEST_DRAW
    largest: int | None = None
    pixels_only: bool = False


METRICS = {
    "mmd": Metric(lambda draw: [mmd_from(draw.distances)]),
    "mmd-unbiased": Metric(lambda draw: [mmd_unbiased_from(draw.distances)]),
    "1nn": Metric(lambda draw: nearest_neighbor_accuracy_from(draw.distances)),
}


def evaluate_metrics(
    names: Sequence[str],
    real: np.ndarray,
    generated: np.ndarray,
    *,
    samples: int,
    draws: int,
    seed: int,
    features: tuple[str, np.ndarray, np.ndarray] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Estimate]:
    """Metrics between real and generated images by the paper's protocol: the mean over several random draws.

    Args:
        names: of `METRIC_NAMES`.
        real: uint8 `[N, H, W, C]`.
        generated: uint8 `[M, H, W, C]`, of the same size.
        samples: images of each kind in a draw; fewer where there are not as many, and stated.
        draws: number of draws, each without replacement.
        seed: of the draws.
        features: name of a feature space, with the real images' features `[N, F]` and the generated ones' `[M, F]`;
            pixels in [0, 1] where None. MS-SSIM, spectrum and speckle look at the images in any case.
        progress: called with (draws done, draws) after each.

    Returns:
        Estimates by the names of `RESULTS`, in its order.

    Raises:
        UserError: an unknown name, too few images, images or features that do not fit together or are not usable.
    """
    unknown = [name for name in names if name not in METRICS]
    if unknown:
        raise UserError(f"metric {unknown[0]!r} is not known: choose from {', '.join(METRIC_NAMES)}")
    asked = [name for name in METRICS if name in names]
    n = min(samples, len(real), len(generated))
    smallest = max(METRICS[name].smallest for name in asked)
    if n < smallest:
        raise UserError(f"metrics need at least {smallest} images of each kind: got {len(real)} and {len(generated)}")
    space, real_features, generated_features = features or (PIXELS, None, None)
    sets = ImageSet(real, real_features, seed), ImageSet(generated, generated_features, seed)
    values: dict[str, list[float]] = {key: [] for key in RESULTS if RESULTS[key].metric in asked}
    floors: dict[str, list[float]] = {key: [] for key in values}
    for number, (draw, floor_draw) in enumerate(random_draws(*sets, n, draws, seed), start=1):
        for name in asked:
            keys = [key for key in values if RESULTS[key].metric == name]
            for key, value in zip(keys, METRICS[name].compute(draw), strict=True):
                values[key].append(value)
            if floor_draw is not None:
                for key, value in zip(keys, METRICS[name].compute(floor_draw), strict=True):
                    floors[key].append(value)
        if progress is not None:
            progress(number, draws)
    return {key: Estimate.of(values[key], floors[key], n, seed, space, RESULTS[key].definition) for key in values}
