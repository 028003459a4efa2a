"""Squared Euclidean distances by matrix products, in float64."""

import numpy as np


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """`|a_i - b_j|^2` for all pairs, by `|a|^2 + |b|^2 - 2ab`, clipped at zero.

    Args:
        a: `[N, F]` features, converted to float64.
        b: `[M, F]`.

    Returns:
        float64 `[N, M]`, non-negative.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    squares = np.sum(a * a, axis=1)[:, None] + np.sum(b * b, axis=1)[None, :] - 2.0 * (a @ b.T)
    return np.maximum(squares, 0.0)
