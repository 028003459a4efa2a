"""Maximum mean discrepancy (Gretton et al. 2012): as the paper's lineage computes it, and unbiased."""

import math

import numpy as np

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.metrics.distances import PairDistances, SquaredDistances


def mmd(real: np.ndarray, generated: np.ndarray, bandwidth: float | None = None) -> float:
    """Distance between two sets of images in a Gaussian kernel's feature space.

    Definition: `sqrt(max(0, mean k_rr + mean k_gg - 2 mean k_rg))` with `k(a, b) = exp(-|a - b|^2 / (2 s))`, where s
    is the mean of the real-real squared distances.
    Estimator: the biased one, diagonals included (also in s).
    Direction and range: lower is better, 0 for identical sets, below sqrt(2).
    Caveats: its floor is not zero. Two disjoint draws of n = 100 from one distribution lie near .09 apart, so compare
    it with a real-against-real value of the same n.

    Args:
        real: `[N, F]` features, such as pixels in [0, 1].
        generated: `[M, F]`.
        bandwidth: s, where it shall not come from the real images.

    Raises:
        UserError: all real images are equal, so that no kernel width can be taken from them.
    """
    return mmd_from(PairDistances(real, generated), bandwidth)


def mmd_unbiased(real: np.ndarray, generated: np.ndarray, bandwidth: float | None = None) -> float:
    """Unbiased estimate of the squared MMD: the same kernel, without the pairs of an image with itself.

    Definition: the mean of k_rr and of k_gg off their diagonals, minus twice the mean of k_rg; s as in `mmd`.
    Estimator: unbiased for a given bandwidth (Gretton et al. 2012, equation 3), for the square, not for its root.
    Direction and range: lower is better, its expectation is 0 for equal distributions, so single draws may be negative.
    Caveats: a square; compare it with `mmd` squared.

    Args:
        real: `[N, F]` features, at least two.
        generated: `[M, F]`, at least two.
        bandwidth: s, where it shall not come from the real images.

    Raises:
        UserError: all real images are equal.
    """
    return mmd_unbiased_from(PairDistances(real, generated), bandwidth)


def mmd_from(distances: PairDistances, bandwidth: float | None = None) -> float:
    """`mmd` of sets whose distances are known."""
    scale = _scale(distances, bandwidth)
    parts = (distances.real_real, distances.generated_generated, distances.real_generated)
    real_real, generated_generated, real_generated = (
        _kernel_sum(part, scale) / math.prod(part.shape) for part in parts
    )
    return float(np.sqrt(max(0.0, real_real + generated_generated - 2.0 * real_generated)))


def mmd_unbiased_from(distances: PairDistances, bandwidth: float | None = None) -> float:
    """`mmd_unbiased` of sets whose distances are known."""
    scale = _scale(distances, bandwidth)
    n, m = distances.real_generated.shape
    # The kernel of an image with itself is 1.
    real_real = (_kernel_sum(distances.real_real, scale) - n) / (n * (n - 1))
    generated_generated = (_kernel_sum(distances.generated_generated, scale) - m) / (m * (m - 1))
    return float(real_real + generated_generated - 2.0 * _kernel_sum(distances.real_generated, scale) / (n * m))


def _scale(distances: PairDistances, bandwidth: float | None) -> float:
    """The divisor of the squared distances: 2 s."""
    if bandwidth is not None:
        return 2.0 * bandwidth
    scale = 2.0 * sum(float(block.sum()) for _, block in distances.real_real.blocks())
    if scale == 0.0:
        raise UserError("MMD needs real images that differ: all that were given are equal")
    return scale / math.prod(distances.real_real.shape)


def _kernel_sum(distances: SquaredDistances, scale: float) -> float:
    return sum(float(np.exp(block / -scale).sum()) for _, block in distances.blocks())
