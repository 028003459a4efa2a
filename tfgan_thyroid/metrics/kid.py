"""Kernel inception distance (Binkowski et al. 2018), on whatever features are given."""

from collections.abc import Iterator

import numpy as np

from tfgan_thyroid.metrics.draws import Draw, Subset
from tfgan_thyroid.metrics.matrix_products import Block, product_blocks


def kid(real: np.ndarray, generated: np.ndarray) -> float:
    """Unbiased squared MMD with the polynomial kernel `(x . y / F + 1)^3`.

    Definition: the mean kernel of real pairs and of generated pairs, each off its diagonal, minus twice the mean
    kernel between the sets.
    Estimator: unbiased, so single draws may be negative.
    Direction and range: lower is better, its expectation is 0 for equal distributions, unbounded above.
    Caveats: published KIDs are taken on Inception features; on others its size means nothing beside theirs. Often
    printed times 1,000; here it is not.

    Args:
        real: `[N, F]` features, at least two.
        generated: `[M, F]`, at least two.
    """
    return _mean_kernel_within(real) + _mean_kernel_within(generated) - 2.0 * _mean_kernel_between(real, generated)


def kid_of_draw(draw: Draw) -> list[float]:
    """`kid` of a draw; each subset's own part is computed once, whatever it is compared with."""
    own = draw.real.once(_mean_kernel_of_subset) + draw.other.once(_mean_kernel_of_subset)
    return [own - 2.0 * _mean_kernel_between(draw.real.features, draw.other.features)]


def _mean_kernel_of_subset(subset: Subset) -> float:
    return _mean_kernel_within(subset.features)


def _mean_kernel_within(features: np.ndarray) -> float:
    """The mean kernel of all pairs of two different images of a set."""
    count = len(features)
    total = 0.0
    for rows, kernel in _kernel_blocks(features, features):
        total += float(kernel.sum()) - float(kernel[:, rows].trace())
    return total / (count * (count - 1))


def _mean_kernel_between(real: np.ndarray, generated: np.ndarray) -> float:
    """The mean kernel of all pairs of an image of each set."""
    total = sum(float(kernel.sum()) for _, kernel in _kernel_blocks(real, generated))
    return total / (len(real) * len(generated))


def _kernel_blocks(a: np.ndarray, b: np.ndarray) -> Iterator[Block]:
    for rows, products in product_blocks(a, b):
        yield rows, (products / a.shape[1] + 1.0) ** 3
