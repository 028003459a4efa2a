"""Maximum mean discrepancy (Gretton et al. 2012): as the paper's lineage computes it, and unbiased."""

import math
from typing import NamedTuple

import numpy as np

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.metrics.distances import PairDistances, SquaredDistances
from tfgan_thyroid.metrics.draws import Draw


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
    return kernel_sums(PairDistances(real, generated), bandwidth).mmd()


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
    return kernel_sums(PairDistances(real, generated), bandwidth).mmd_unbiased()


class KernelSums(NamedTuple):
    """The kernel summed over all pairs of a draw, from which both estimators follow."""

    real_real: float  # over n x n pairs
    generated_generated: float  # over m x m pairs
    real_generated: float  # over n x m pairs
    n: int  # real images
    m: int  # generated images

    def mmd(self) -> float:
        """The biased estimator's root."""
        within = self.real_real / self.n**2 + self.generated_generated / self.m**2
        return math.sqrt(max(0.0, within - 2.0 * self.real_generated / (self.n * self.m)))

    def mmd_unbiased(self) -> float:
        """The unbiased estimator of the square."""
        # The kernel of an image with itself is 1.
        real_real = (self.real_real - self.n) / (self.n * (self.n - 1))
        generated_generated = (self.generated_generated - self.m) / (self.m * (self.m - 1))
        return real_real + generated_generated - 2.0 * self.real_generated / (self.n * self.m)


def kernel_sums(distances: PairDistances, bandwidth: float | None = None) -> KernelSums:
    """Sums of the Gaussian kernel.

    Args:
        distances: of the two sets.
        bandwidth: s; the mean of the real-real squared distances where None.

    Raises:
        UserError: the bandwidth shall come from real images that are all equal.
    """
    if bandwidth is None:
        total = sum(float(block.sum()) for _, block in distances.real_real.blocks())
        if total == 0.0:
            raise UserError("MMD needs real images that differ: all that were given are equal")
        bandwidth = total / math.prod(distances.real_real.shape)
    parts = (distances.real_real, distances.generated_generated, distances.real_generated)
    real_real, generated_generated, real_generated = (_kernel_sum(part, 2.0 * bandwidth) for part in parts)
    return KernelSums(real_real, generated_generated, real_generated, *distances.real_generated.shape)


def _kernel_sum(distances: SquaredDistances, scale: float) -> float:
    return sum(float(np.exp(block / -scale).sum()) for _, block in distances.blocks())


def mmd_of_draw(draw: Draw) -> list[float]:
    """`mmd` of a draw."""
    return [draw.once(_kernel_sums_of_draw).mmd()]


def mmd_unbiased_of_draw(draw: Draw) -> list[float]:
    """`mmd_unbiased` of a draw."""
    return [draw.once(_kernel_sums_of_draw).mmd_unbiased()]


def _kernel_sums_of_draw(draw: Draw) -> KernelSums:
    return kernel_sums(draw.distances)
