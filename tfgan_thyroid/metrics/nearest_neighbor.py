"""Leave-one-out accuracy of a nearest-neighbour classifier (Lopez-Paz & Oquab 2017; Xu et al. 2018)."""

from typing import NamedTuple

import numpy as np

from tfgan_thyroid.metrics.distances import squared_distances


class NearestNeighborAccuracy(NamedTuple):
    """Accuracies in [0, 1]: of all images, of the real ones and of the generated ones."""

    overall: float
    real: float
    generated: float


def nearest_neighbor_accuracy(real: np.ndarray, generated: np.ndarray) -> NearestNeighborAccuracy:
    """How well an image's nearest other image tells whether it is real or generated (the paper's 1-NN).

    Definition: pool both sets; an image counts as right when its nearest neighbour, itself left out, is of its kind.
    Estimator: the plain fraction. Ties go to the image that comes first, real ones before generated ones.
    Direction and range: 0.5 is ideal, 1 means told apart at every image, under 0.5 suggests copies.
    Caveats: near-duplicate frames among the real images raise the real half for any generator; watch both halves.

    Args:
        real: `[N, F]` features, such as pixels in [0, 1].
        generated: `[N, F]`, as many.
    """
    pooled = np.concatenate([real, generated])
    is_real = np.arange(len(pooled)) < len(real)
    distances = squared_distances(pooled, pooled)
    np.fill_diagonal(distances, np.inf)
    right = is_real[distances.argmin(axis=1)] == is_real
    return NearestNeighborAccuracy(
        float(right.mean()), float(right[: len(real)].mean()), float(right[len(real) :].mean())
    )
