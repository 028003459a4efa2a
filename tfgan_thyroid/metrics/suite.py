"""All metrics by name, in one pass over the draws."""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.metric_catalog import METRIC_NAMES, METRICS, RESULTS
from tfgan_thyroid.metrics.checks import check_features, check_images
from tfgan_thyroid.metrics.draws import Draw, ImageSet, random_draws
from tfgan_thyroid.metrics.estimate import Estimate

PIXELS = "pixels in [0, 1]"

Features = tuple[str, np.ndarray, np.ndarray]


def evaluate_metrics(
    names: Sequence[str],
    real: np.ndarray,
    generated: np.ndarray,
    *,
    samples: int,
    draws: int,
    seed: int,
    features: Features | None = None,
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
    asked = known_metrics(names)
    if features is None:
        needy = [name for name in asked if METRICS[name].space == "features"]
        if needy:
            raise UserError(f"{needy[0]} is of features, not of pixels: give --features random, encoder or network")
    check_images(real, generated)
    space, real_features, generated_features = features or (PIXELS, None, None)
    for kind, images, given in (("real", real, real_features), ("generated", generated, generated_features)):
        if given is not None:
            check_features(given, images, kind)
    n = draw_size(asked, samples, draws, len(real), len(generated))
    sets = ImageSet(real, real_features, seed), ImageSet(generated, generated_features, seed)
    values: dict[str, list[float]] = {key: [] for key in RESULTS if RESULTS[key].metric in asked}
    floors: dict[str, list[float]] = {key: [] for key in values}
    for number, (draw, floor_draw) in enumerate(random_draws(*sets, n, draws, seed), start=1):
        for name in asked:
            _append(values, floors, name, draw, floor_draw)
        if progress is not None:
            progress(number, draws)
    return {
        key: Estimate.of(
            values[key],
            floors[key],
            min(n, METRICS[RESULTS[key].metric].largest or n),
            seed,
            PIXELS if METRICS[RESULTS[key].metric].space == "pixels" else space,
            _definition(key, real.shape[1], real.shape[2]),
        )
        for key in values
    }


def known_metrics(names: Sequence[str]) -> list[str]:
    """The metrics that are asked for, once each, in the catalog's order."""
    unknown = [name for name in names if name not in METRICS]
    if unknown or not names:
        raise UserError(f"metric {', '.join(unknown)!r} is not known: choose from {', '.join(METRIC_NAMES)}")
    return [name for name in METRIC_NAMES if name in names]


def smallest_draw(names: Sequence[str]) -> int:
    """The images of each kind that a draw needs for all of these metrics."""
    return max(METRICS[name].smallest for name in names)


def draw_size(asked: Sequence[str], samples: int, draws: int, real: int, generated: int) -> int:
    """The images of each kind in a draw.

    Raises:
        UserError: no draw, or too few images for one of the metrics.
    """
    if draws < 1:
        raise UserError(f"{draws} draws: give at least 1")
    needy = max(asked, key=lambda name: METRICS[name].smallest)
    smallest = METRICS[needy].smallest
    if samples < smallest:
        raise UserError(f"{needy} needs draws of at least {smallest} images: {samples} were asked for")
    if min(real, generated) < smallest:
        raise UserError(
            f"{needy} needs at least {smallest} images of each kind, there are {real} real and {generated} generated: "
            "add or generate more"
        )
    return min(samples, real, generated)


def _append(
    values: dict[str, list[float]], floors: dict[str, list[float]], name: str, draw: Draw, floor_draw: Draw | None
) -> None:
    """One draw's numbers of one metric, and the same numbers for real images."""
    keys = [key for key in values if RESULTS[key].metric == name]
    compute = _function(METRICS[name].compute)
    for key, value in zip(keys, compute(draw), strict=True):
        values[key].append(value)
    goals = {RESULTS[key].goal for key in keys}
    # What is wanted near the real images' number is computed on those that the draw holds, halves or not.
    own = compute(Draw(draw.real, draw.real)) if "real" in goals else ()
    against = compute(floor_draw) if floor_draw is not None and goals != {"real"} else ()
    for position, key in enumerate(keys):
        source = own if RESULTS[key].goal == "real" else against
        floors[key].extend(source[position : position + 1])


def _definition(key: str, height: int, width: int) -> str:
    metric, text = METRICS[RESULTS[key].metric], RESULTS[key].definition
    return text if metric.details is None else f"{text}; {_function(metric.details)(height, width)}"


def _function(name: str) -> Callable[..., Any]:
    """The `module.function` that the catalog names."""
    module, function = name.split(".")
    return getattr(importlib.import_module(f"tfgan_thyroid.metrics.{module}"), function)
