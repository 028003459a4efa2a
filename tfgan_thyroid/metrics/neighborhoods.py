"""Balls around images that reach to their k-th nearest neighbour, and who lies within them."""

import numpy as np

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.metrics.distances import SquaredDistances


def neighbor_radii(distances: SquaredDistances, k: int) -> np.ndarray:
    """Squared distance of each image to its k-th nearest other image of the same set, k from 1: float64 `[N]`.

    Raises:
        UserError: there are fewer than k other images.
    """
    count = distances.shape[0]
    if count <= k:
        raise UserError(
            f"the distance to neighbour {k} needs at least {k + 1} images of each kind, got {count}: add some"
        )
    return distances.nearest_others(k)[:, k - 1]


def balls_around(distances: SquaredDistances, radii: np.ndarray) -> np.ndarray:
    """How many balls of squared radii `[N]` hold each image of the columns, borders included: int64 `[M]`."""
    counts = np.zeros(distances.shape[1], np.int64)
    for rows, block in distances.blocks():
        counts += (block <= radii[rows, None]).sum(axis=0)
    return counts
