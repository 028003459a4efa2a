"""The paper's protocol: the mean over several random draws of real and of generated images."""

from typing import NamedTuple

import numpy as np

from tfgan_thyroid.metrics.mmd import mmd
from tfgan_thyroid.metrics.nearest_neighbor import nearest_neighbor_accuracy

FEATURES = "pixels in [0, 1]"


class Estimate(NamedTuple):
    """A metric's mean over draws with all that one needs to read it.

    Attributes:
        mean: over the draws.
        std: standard deviation over the draws (of the sample, n - 1).
        floor: the mean for real against real, from disjoint halves, or None where they would be too small.
        n: images of each kind in a draw.
        draws: number of draws.
        seed: of the draws.
        features: the space that distances are taken in.
        definition: of the metric, in a line.
    """

    mean: float
    std: float
    floor: float | None
    n: int
    draws: int
    seed: int
    features: str
    definition: str


DEFINITIONS = {
    "mmd": "sqrt of the biased squared MMD, Gaussian kernel, bandwidth from the mean real-real squared distance",
    "1nn": "leave-one-out 1-nearest-neighbour accuracy on the pooled sets",
    "1nn_real": "1nn among the real images",
    "1nn_generated": "1nn among the generated images",
}

SMALLEST_DRAW = 4


def distribution_metrics(
    real: np.ndarray, generated: np.ndarray, samples: int, draws: int, seed: int
) -> dict[str, Estimate]:
    """MMD and 1-NN between real and generated images by the paper's protocol.

    Args:
        real: uint8 `[N, H, W, C]`.
        generated: uint8 `[M, H, W, C]`.
        samples: images of each kind in a draw; fewer where there are not as many, and stated.
        draws: number of draws, each without replacement.
        seed: of the draws.

    Returns:
        Estimates by the names of `DEFINITIONS`.

    Raises:
        ValueError: too few images for a draw.
    """
    n = min(samples, len(real), len(generated))
    if n < SMALLEST_DRAW:
        raise ValueError(
            f"metrics need at least {SMALLEST_DRAW} images of each kind: got {len(real)} and {len(generated)}"
        )
    rng = np.random.default_rng(seed)
    real_features, generated_features = _features(real), _features(generated)
    values: dict[str, list[float]] = {name: [] for name in DEFINITIONS}
    floors: dict[str, list[float]] = {name: [] for name in DEFINITIONS}
    half = min(n, len(real) // 2)
    for _ in range(draws):
        picked = rng.permutation(len(real))
        _append(values, real_features[picked[:n]], generated_features[rng.permutation(len(generated))[:n]])
        if half == n:
            _append(floors, real_features[picked[:half]], real_features[picked[half : 2 * half]])
    return {
        name: Estimate(
            float(np.mean(values[name])),
            float(np.std(values[name], ddof=1)) if draws > 1 else 0.0,
            float(np.mean(floors[name])) if floors[name] else None,
            n,
            draws,
            seed,
            FEATURES,
            definition,
        )
        for name, definition in DEFINITIONS.items()
    }


def _features(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float64) / 255.0


def _append(values: dict[str, list[float]], real: np.ndarray, other: np.ndarray) -> None:
    accuracy = nearest_neighbor_accuracy(real, other)
    for name, value in zip(DEFINITIONS, (mmd(real, other), *accuracy), strict=True):
        values[name].append(value)
