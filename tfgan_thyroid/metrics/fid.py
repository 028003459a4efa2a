"""Frechet inception distance (Heusel et al. 2017), on whatever features are given."""

import numpy as np

from tfgan_thyroid.metrics.draws import Draw


def fid(real: np.ndarray, generated: np.ndarray) -> float:
    """Squared Frechet distance between Gaussians that are fitted to two sets of features.

    Definition: `|m_r - m_g|^2 + tr C_r + tr C_g - 2 tr (C_r C_g)^(1/2)` with means m and covariances C (over n - 1).
    Estimator: the plug-in one. With the centred features over sqrt(n - 1) as rows of A and B, the last trace is the
    sum of the singular values of `A B^T`: exact for any n, without the root of a matrix as wide as the features.
    Direction and range: lower is better, 0 for equal means and covariances, unbounded above.
    Caveats: biased upwards, the more the fewer images: compare it with real against real at the same n alone. Below as
    many images as features the covariances are singular. Published values are of Inception features and 50,000 images.

    Args:
        real: `[N, F]` features, at least two.
        generated: `[M, F]`, at least two.
    """
    (real_mean, real_rows), (generated_mean, generated_rows) = _moments(real), _moments(generated)
    overlap = np.linalg.svd(real_rows @ generated_rows.T, compute_uv=False).sum()
    spread = np.sum(real_rows**2) + np.sum(generated_rows**2)
    return float(max(0.0, np.sum((real_mean - generated_mean) ** 2) + spread - 2.0 * overlap))


def fid_of_draw(draw: Draw) -> list[float]:
    """`fid` of a draw."""
    return [fid(draw.real.features, draw.other.features)]


def _moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean, and rows R with `R^T R` the covariance: at most as many as there are features."""
    values = features.astype(np.float64)
    mean = values.mean(axis=0)
    rows = (values - mean) / np.sqrt(len(values) - 1)
    return mean, np.asarray(np.linalg.qr(rows, mode="r")) if len(rows) > rows.shape[1] else rows
