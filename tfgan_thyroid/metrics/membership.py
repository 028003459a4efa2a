"""Membership inference: can someone who has generated images find out whose scans the generator was trained on?"""

from typing import NamedTuple

import numpy as np
from scipy import stats

from tfgan_thyroid.metrics.distances import SquaredDistances

LARGEST_SIDE = 32
"""Images are averaged down to it: speckle differs between a scan and its copy by a generator, anatomy does not."""
FEWEST_PATIENTS = 10
"""Of each kind, below which an interval says nothing."""
RESAMPLES = 2000
LEVEL = 0.95
_SMALLEST_DISTANCE = 1e-6


class Membership(NamedTuple):
    """How well training patients are told from unseen ones."""

    auc: float  # 0.5 is chance, 1 is certainty
    low: float  # of its 95 % interval
    high: float  # of its 95 % interval
    training_patients: int  # how many
    unseen_patients: int  # how many
    generated: int  # images that the attacker has

    @property
    def words(self) -> str:
        """The result in a sentence."""
        return (
            f"Membership attack: AUC {self.auc:.2f} (95 % interval {self.low:.2f} to {self.high:.2f}; 0.5 is chance), "
            f"{self.training_patients} training and {self.unseen_patients} unseen patients, {self.generated} generated "
            "images"
        )


def membership_attack(
    training: np.ndarray,
    training_groups: np.ndarray,
    unseen: np.ndarray,
    unseen_groups: np.ndarray,
    generated: np.ndarray,
    seed: int = 0,
) -> Membership | None:
    """The attack by the nearest generated image (Chen et al., "GAN-Leaks", 2020), calibrated by real scans.

    Definition: a scan's score is the logarithm of its distance to the nearest generated image over its distance to the
    nearest reference scan of a third patient, since day, scanner and plainness alone move the first; a patient's score
    is the mean over the patient's scans. AUC is the share of pairs of a training and an unseen patient in which the
    training patient's score is lower.
    Estimator: the unseen patients are halved by the seed; one half is the reference for training patients and for the
    other half alike, then the other way round, and the two AUC are averaged. Distances are Euclidean between pixels
    averaged down to at most 32x32. The interval is a percentile bootstrap over patients of both kinds, levels moved
    out for few of them (Hesterberg 2015); the reference is not resampled.
    Direction and range: 0.5 is ideal, 1 is the worst; well under 0.5 the two kinds of patients differ by themselves.
    Caveats: this attack sees copies of whole scans; a stronger one may see more. A scanner that only one kind of
    patients has moves the quotient, if less than the distance: compare patients of the same scanners. The more images
    the attacker has, the more can leak, so state their number.

    Args:
        training: uint8 `[M, H, W, C]`, what the generator was trained on.
        training_groups: int `[M]`, whose each is.
        unseen: uint8 `[K, H, W, C]`, of other patients.
        unseen_groups: int `[K]`.
        generated: uint8 `[N, H, W, C]`.
        seed: of the halves and the resamples.

    Returns:
        None where there are fewer than 10 patients of either kind.
    """
    patients = np.unique(unseen_groups)
    members = np.unique(training_groups)
    if min(len(patients), len(members)) < FEWEST_PATIENTS:
        return None
    rng = np.random.default_rng(seed)
    halves = np.array_split(rng.permutation(patients), 2)
    scans, others, made = (_averaged_down(images) for images in (training, unseen, generated))
    near = {name: _nearest(features, made) for name, features in (("training", scans), ("unseen", others))}
    wins = []
    for attacked, reference in (halves, halves[::-1]):
        third, own = others[np.isin(unseen_groups, reference)], np.isin(unseen_groups, attacked)
        member_scores = _by_patient(near["training"] - _nearest(scans, third), training_groups)
        stranger_scores = _by_patient(near["unseen"][own] - _nearest(others[own], third), unseen_groups[own])
        lower = member_scores[:, None] < stranger_scores
        wins.append(lower + 0.5 * (member_scores[:, None] == stranger_scores))
    auc = float(np.mean([won.mean() for won in wins]))
    low, high = _interval(wins, rng)
    return Membership(auc, low, high, len(members), len(patients), len(generated))


def _averaged_down(images: np.ndarray) -> np.ndarray:
    """float32 `[N, F]`; rows and columns that do not fill a block are cut off."""
    side = max(1, max(images.shape[1:3]) // LARGEST_SIDE)
    rows, columns = (size // side for size in images.shape[1:3])
    blocks = images[:, : rows * side, : columns * side].reshape(len(images), rows, side, columns, side, -1)
    return blocks.mean(axis=(2, 4), dtype=np.float32).reshape(len(images), -1)


def _nearest(features: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The logarithm of each one's distance to the nearest of the others."""
    return 0.5 * np.log(np.maximum(SquaredDistances(features, others).row_minima, _SMALLEST_DISTANCE))


def _by_patient(scores: np.ndarray, groups: np.ndarray) -> np.ndarray:
    return np.array([scores[groups == group].mean() for group in np.unique(groups)])


def _interval(wins: list[np.ndarray], rng: np.random.Generator) -> tuple[float, float]:
    members = len(wins[0])
    drawn = rng.multinomial(members, np.full(members, 1.0 / members), size=RESAMPLES) / members
    values = np.zeros(RESAMPLES)
    for won in wins:
        strangers = won.shape[1]
        weights = rng.multinomial(strangers, np.full(strangers, 1.0 / strangers), size=RESAMPLES) / strangers
        values += np.sum(drawn @ won * weights, axis=1) / len(wins)
    fewer = min(members, sum(won.shape[1] for won in wins))
    tail = stats.norm.cdf(-np.sqrt(fewer / (fewer - 1)) * stats.t.ppf((1 + LEVEL) / 2, fewer - 1))
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return float(low), min(float(high), 1.0)  # resampling weights add up to one but for rounding
