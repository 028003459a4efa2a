"""Kernel inception distance (Binkowski et al. 2018), on whatever features are given."""

import numpy as np

from tfgan_thyroid.metrics.distances import product_blocks


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
    n, m = len(real), len(generated)
    real_real, real_self = _kernel_sums(real, real)
    generated_generated, generated_self = _kernel_sums(generated, generated)
    within = (real_real - real_self) / (n * (n - 1)) + (generated_generated - generated_self) / (m * (m - 1))
    return float(within - 2.0 * _kernel_sums(real, generated)[0] / (n * m))


def _kernel_sums(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """The sum of the kernel over all pairs, and over those of equal number (an image with itself where a is b)."""
    everything = own = 0.0
    for rows, products in product_blocks(a, b):
        kernel = (products / a.shape[1] + 1.0) ** 3
        everything += float(kernel.sum())
        own += float(kernel[:, rows].trace())
    return everything, own
