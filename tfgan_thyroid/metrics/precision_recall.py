"""Improved precision and recall (Kynkaanniemi et al. 2019): quality and variety apart."""

from typing import NamedTuple

import numpy as np

from tfgan_thyroid.metric_catalog import NEIGHBORS_PRECISION
from tfgan_thyroid.metrics.distances import PairDistances
from tfgan_thyroid.metrics.draws import Draw
from tfgan_thyroid.metrics.neighborhoods import balls_around, neighbor_radii


class PrecisionRecall(NamedTuple):
    """Both in [0, 1]."""

    precision: float
    recall: float


def precision_recall(real: np.ndarray, generated: np.ndarray, k: int = NEIGHBORS_PRECISION) -> PrecisionRecall:
    """How many generated images lie among the real ones, and how many real ones among the generated.

    Definition: balls around the images of a set reach to their k-th nearest neighbour of that set. Precision is the
    fraction of generated images within any real ball, recall that of real images within any generated ball.
    Estimator: the plain fractions.
    Direction and range: higher is better, 0 to 1, 1 for identical sets.
    Caveats: one outlier has a large ball and lets much count as precise or recalled; both depend on n and are under 1
    for two draws of one distribution, so read them beside real against real.

    Args:
        real: `[N, F]` features, more than k.
        generated: `[M, F]`, more than k.
        k: 3, as in the source.

    Raises:
        UserError: too few images.
    """
    return _of_distances(PairDistances(real, generated), k)


def precision_of_draw(draw: Draw) -> list[float]:
    """Precision of a draw."""
    return [draw.once(_of_draw).precision]


def recall_of_draw(draw: Draw) -> list[float]:
    """Recall of a draw."""
    return [draw.once(_of_draw).recall]


def _of_draw(draw: Draw) -> PrecisionRecall:
    return _of_distances(draw.distances, NEIGHBORS_PRECISION)


def _of_distances(distances: PairDistances, k: int) -> PrecisionRecall:
    around_real = balls_around(distances.real_generated, neighbor_radii(distances.real_real, k))
    around_generated = balls_around(distances.generated_real, neighbor_radii(distances.generated_generated, k))
    return PrecisionRecall(float((around_real > 0).mean()), float((around_generated > 0).mean()))
