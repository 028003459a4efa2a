"""Sliced Wasserstein distance (Rabin et al. 2011; Karras et al. 2018): optimal transport on random lines."""

import numpy as np

from tfgan_thyroid.metric_catalog import PROJECTIONS
from tfgan_thyroid.metrics.draws import Draw, ImageSet
from tfgan_thyroid.metrics.matrix_products import product_blocks

# Directions made at once: 64 of them in 65,536 dimensions are 34 MB.
DIRECTIONS_AT_ONCE = 64


def sliced_wasserstein(real: np.ndarray, generated: np.ndarray, projections: int = PROJECTIONS, seed: int = 0) -> float:
    """How far one set must be moved to become the other, seen along random directions.

    Definition: the root of the mean, over uniformly random unit vectors, of the squared 2-Wasserstein distance
    between the sets' projections, which is the mean squared difference of the sorted ones.
    Estimator: with a finite number of directions, the same ones for every call with the same seed.
    Direction and range: lower is better, 0 for identical sets. Its square lies under the squared 2-Wasserstein
    distance over F, so that a set shifted by d in every feature lies about d away.
    Caveats: not 0 for two draws of one distribution; compare it with real against real at the same n.

    Args:
        real: `[N, F]` features.
        generated: `[N, F]`, as many.
        projections: number of directions.
        seed: of the directions.

    Raises:
        ValueError: the numbers of images differ.
    """
    lines = (project(features, projections, seed) for features in (real, generated))
    return _transport(*lines)


def sliced_wasserstein_of_draw(draw: Draw) -> list[float]:
    """`sliced_wasserstein` of a draw; each image is projected once."""
    return [_transport(draw.real.of_each(_projections), draw.other.of_each(_projections))]


def _projections(images: ImageSet) -> np.ndarray:
    return project(images.features, seed=images.seed)


def project(features: np.ndarray, projections: int = PROJECTIONS, seed: int = 0) -> np.ndarray:
    """Features `[N, F]` along random unit vectors: float64 `[N, projections]`."""
    rng = np.random.default_rng(seed)
    result = np.empty((len(features), projections))
    for start in range(0, projections, DIRECTIONS_AT_ONCE):
        directions = rng.standard_normal((DIRECTIONS_AT_ONCE, features.shape[1]))[: projections - start]
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        for rows, products in product_blocks(features, directions):
            result[rows, start : start + len(directions)] = products
    return result


def _transport(real: np.ndarray, generated: np.ndarray) -> float:
    """From the projections `[N, projections]` of both sets."""
    if len(real) != len(generated):
        raise ValueError(f"SWD needs as many real as generated images, got {len(real)} and {len(generated)}")
    return float(np.sqrt(np.mean((np.sort(real, axis=0) - np.sort(generated, axis=0)) ** 2)))
