"""Maximum mean discrepancy (Gretton et al. 2012) as the paper's lineage computes it."""

import numpy as np

from tfgan_thyroid.metrics.distances import squared_distances


def mmd(real: np.ndarray, generated: np.ndarray) -> float:
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

    Raises:
        ValueError: all real images are equal, so that no kernel width can be taken from them.
    """
    real_distances = squared_distances(real, real)
    scale = 2.0 * real_distances.mean()
    if scale == 0.0:
        raise ValueError("MMD needs real images that differ: all that were given are equal")
    real_real = np.exp(-real_distances / scale).mean()
    generated_generated = np.exp(-squared_distances(generated, generated) / scale).mean()
    real_generated = np.exp(-squared_distances(real, generated) / scale).mean()
    return float(np.sqrt(max(0.0, real_real + generated_generated - 2.0 * real_generated)))
