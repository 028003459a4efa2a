"""Density and coverage (Naeem et al. 2020): precision and recall that outliers do not deceive."""

from typing import NamedTuple

import numpy as np

from tfgan_thyroid.metric_catalog import NEIGHBORS_DENSITY
from tfgan_thyroid.metrics.distances import PairDistances
from tfgan_thyroid.metrics.draws import Draw
from tfgan_thyroid.metrics.neighborhoods import balls_around, neighbor_radii


class DensityCoverage(NamedTuple):
    """Density is at least 0 and may pass 1; coverage lies in [0, 1]."""

    density: float
    coverage: float


def density_coverage(real: np.ndarray, generated: np.ndarray, k: int = NEIGHBORS_DENSITY) -> DensityCoverage:
    """How densely generated images lie among the real ones, and how many real ones have one nearby.

    Definition: a real image's ball reaches to its k-th nearest real neighbour. Density is the mean number of balls
    that a generated image lies in, over k; coverage the fraction of balls with a generated image inside.
    Estimator: plain means. For two draws of one distribution density is 1 in expectation, coverage about 1 - 2^-k.
    Direction and range: density near 1 is wanted (above, the generated images crowd where real ones are dense);
    coverage from 0 to 1, higher is better.
    Caveats: neither asks whether the generated images are copies.

    Args:
        real: `[N, F]` features, more than k.
        generated: `[M, F]`.
        k: 5, as in the source.

    Raises:
        UserError: too few images.
    """
    return _of_distances(PairDistances(real, generated), k)


def density_of_draw(draw: Draw) -> list[float]:
    """Density of a draw."""
    return [draw.once(_of_draw).density]


def coverage_of_draw(draw: Draw) -> list[float]:
    """Coverage of a draw."""
    return [draw.once(_of_draw).coverage]


def _of_draw(draw: Draw) -> DensityCoverage:
    return _of_distances(draw.distances, NEIGHBORS_DENSITY)


def _of_distances(distances: PairDistances, k: int) -> DensityCoverage:
    radii = neighbor_radii(distances.real_real, k)
    density = balls_around(distances.real_generated, radii).mean() / k
    coverage = (distances.real_generated.row_minima <= radii).mean()
    return DensityCoverage(float(density), float(coverage))
