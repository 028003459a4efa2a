"""Leave-one-out accuracy of a nearest-neighbour classifier (Lopez-Paz & Oquab 2017; Xu et al. 2018)."""

from typing import NamedTuple

import numpy as np

from tfgan_thyroid.metrics.distances import PairDistances
from tfgan_thyroid.metrics.draws import Draw
from tfgan_thyroid.metrics.neighborhoods import neighbor_radii


class NearestNeighborAccuracy(NamedTuple):
    """Accuracies in [0, 1]: of all images, of the real ones and of the generated ones."""

    overall: float
    real: float
    generated: float


def nearest_neighbor_accuracy(real: np.ndarray, generated: np.ndarray) -> NearestNeighborAccuracy:
    """How well an image's nearest other image predicts whether it is real or generated (the paper's 1-NN).

    Definition: pool both sets; an image counts as right when its nearest neighbour, itself left out, is of its kind.
    Estimator: the plain fraction. Ties go to the real image.
    Direction and range: 0.5 is ideal, 1 means told apart at every image, under 0.5 suggests copies.
    Caveats: near-duplicate frames among the real images raise the real half for any generator; watch both halves.

    Args:
        real: `[N, F]` features, such as pixels in [0, 1].
        generated: `[N, F]`, as many.
    """
    return _accuracy(PairDistances(real, generated))


def nearest_neighbor_of_draw(draw: Draw) -> NearestNeighborAccuracy:
    """`nearest_neighbor_accuracy` of a draw."""
    return _accuracy(draw.distances)


def _accuracy(distances: PairDistances) -> NearestNeighborAccuracy:
    real = neighbor_radii(distances.real_real, 1) <= distances.real_generated.row_minima
    generated = neighbor_radii(distances.generated_generated, 1) < distances.generated_real.row_minima
    overall = np.concatenate([real, generated]).mean()
    return NearestNeighborAccuracy(float(overall), float(real.mean()), float(generated.mean()))
