"""The numbers of a classifier two-sample test (Lopez-Paz & Oquab 2017), from scores of images held out."""

from collections.abc import Sequence

import numpy as np

RIDGE = 1e-3  # of the calibration: where scores separate the sets, its slope would grow without end
NEWTON_STEPS = 30
LARGEST_LOGIT = 30.0
SMALLEST_PROBABILITY = 1e-6


def averaged_down(images: np.ndarray, size: int) -> np.ndarray:
    """Images as the classifier sees them at a scale: means over squares of pixels.

    Args:
        images: uint8 `[N, S, S, C]`; the first channel is taken.
        size: pixels a side, a divisor of S.

    Returns:
        float32 `[N, size, size, 1]` in [-1, 1].
    """
    count, side = images.shape[:2]
    squares = images[..., 0].reshape(count, size, side // size, size, side // size)
    return (squares.mean(axis=(2, 4), dtype=np.float32) / np.float32(127.5) - np.float32(1.0))[..., None]


def scales(size: int, smallest: int = 16) -> tuple[int, ...]:
    """The image's size and its halves down to `smallest` pixels, coarsest first; the size alone below that."""
    found = [size]
    while found[-1] % 2 == 0 and found[-1] // 2 >= smallest:
        found.append(found[-1] // 2)
    return tuple(reversed(found))


def patient_folds(groups: np.ndarray, folds: int, rng: np.random.Generator) -> np.ndarray:
    """Deals patients to folds in random order, each to the fold with the fewest scans.

    Args:
        groups: int `[N]`, which scans are of one patient.
        folds: how many.
        rng: draws the order.

    Returns:
        int `[N]`, the fold of each scan; no patient is in two.
    """
    names, of_scan, counts = np.unique(groups, return_inverse=True, return_counts=True)
    filled, fold_of = np.zeros(folds, int), np.zeros(len(names), int)
    for name in rng.permutation(len(names)):
        fold_of[name] = filled.argmin()
        filled[fold_of[name]] += counts[name]
    return fold_of[of_scan]


def area_under_curve(real: np.ndarray, generated: np.ndarray) -> float:
    """Chance that a scan's score lies above a generated image's.

    Definition: the area under the ROC curve (Mann & Whitney's U over its largest value), ties counted half.
    Direction and range: 0.5 is ideal, 1 where every scan is told from every generated image. Below 0.5 by more than
    chance: copies of held-out scans stood among the generated images that the classifier learnt from.
    Caveats: it saturates at 1; `information_bits` goes on.

    Args:
        real: float `[N]`.
        generated: float `[M]`.
    """
    return float(wins(real, generated).mean())


def wins(real: np.ndarray, generated: np.ndarray) -> np.ndarray:
    """1 where the real score is above the generated one, 0.5 for ties: float32 `[N, M]`."""
    return (np.sign(real[:, None] - generated[None, :]) + 1.0).astype(np.float32) / 2.0


def auc_interval(
    won: np.ndarray, groups: np.ndarray, rng: np.random.Generator, resamples: int = 1000
) -> tuple[float, float]:
    """95 % interval of the mean of `won`, the AUC, by the bootstrap over patients and generated images.

    Patients are resampled whole, since frames of one patient are near-duplicates.

    Args:
        won: `wins` of N scans and M generated images, or their mean over several classifiers.
        groups: int `[N]`, which scans are of one patient.
        rng: draws the resamples.
        resamples: how many.
    """
    names, of_scan = np.unique(groups, return_inverse=True)
    count = won.shape[1]
    patients = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), resamples)
    images = rng.multinomial(count, np.full(count, 1 / count), resamples)
    scans = patients[:, of_scan]
    resampled = ((scans @ won) * images).sum(axis=1) / (scans.sum(axis=1) * count)
    low, high = np.percentile(resampled, [2.5, 97.5])
    return float(low), float(high)


def information_bits(real: np.ndarray, generated: np.ndarray) -> float:
    """How much a score says of whether an image is a scan, in bits an image.

    Definition: 1 minus the cross-entropy, in bits, of a logistic fit of slope and offset to the held-out scores
    (Newton's method, a ridge of 0.001), not below 0.
    Direction and range: 0 where the scores say nothing, 1 where they always tell; lower is better.
    Caveats: slope and offset are fitted to the scores they are measured on, which adds about 1 / n bits.

    Args:
        real: float `[N]`.
        generated: float `[M]`.
    """
    scores = np.concatenate([real, generated])
    inputs = np.stack([scores, np.ones(len(scores))], axis=1)
    labels = np.concatenate([np.ones(len(real)), np.zeros(len(generated))])
    weights = np.zeros(2)
    for _ in range(NEWTON_STEPS):
        chance = _logistic(inputs @ weights)
        curvature = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + RIDGE * np.eye(2)
        weights -= np.linalg.solve(curvature, inputs.T @ (chance - labels) + RIDGE * weights)
    chance = np.clip(_logistic(inputs @ weights), SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    return float(max(0.0, 1.0 + np.mean(np.log2(np.where(labels == 1, chance, 1 - chance)))))


def _logistic(logits: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-np.clip(logits, -LARGEST_LOGIT, LARGEST_LOGIT)))


def standardized(scores: Sequence[np.ndarray]) -> list[np.ndarray]:
    """One fold's scores of several sets with mean 0 and deviation 1 over all of them: folds have classifiers apart."""
    together = np.concatenate(scores)
    return [(part - together.mean()) / (together.std() + 1e-9) for part in scores]
