"""Intervals over groups and seeds: what another draw of patients and another training would give.

Frames of one patient are near-duplicates, so images are no independent observations; patients are, and trainings are.
Both are resampled with replacement, crossed, since every training is scored on the same patients (Owen, "The pigeonhole
bootstrap", 2007). With few of either a percentile interval is too short: its levels are moved out as Hesterberg ("What
teachers should know about the bootstrap", 2015) does for a mean of k values, with k the smaller of both numbers.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from tfgan_thyroid.experiments.significance import LEVEL, Interval

DRAWS = 10_000


class GroupScore(NamedTuple):
    """The score of one training on one group."""

    images: int  # of the group
    value: float  # mean over them


def group_scores(groups: Mapping[str, Mapping[str, Any]], metric: str) -> dict[str, GroupScore]:
    """The scores of a metric, of `SegmentationScores.group_means`."""
    return {name: GroupScore(group["images"], group[metric]) for name, group in groups.items()}


SeedScores = Mapping[int, Mapping[str, GroupScore]]
"""Scores by seed and group; every seed has the same groups with the same images."""


def bootstrap_mean(scores: SeedScores, seed: int = 0) -> Interval:
    """The mean over the images and the seeds, with its 95 % interval over groups and seeds.

    Returns:
        The interval; its bounds are None where one seed, or one group, leaves them unknown.
    """
    values, images = _table(scores)
    return _interval(values, images, seed)


def bootstrap_difference(first: SeedScores, second: SeedScores, seed: int = 0) -> Interval:
    """First minus second, paired: each resample takes the same groups and seeds of both.

    Args:
        first: scores.
        second: scores of the same groups; seeds that only one of the two has are left out.
        seed: of the resampling.
    """
    seeds = sorted(first.keys() & second.keys())
    if not seeds:
        raise ValueError("a paired difference needs seeds that both have")
    (values, images), (others, other_images) = (_table({s: scores[s] for s in seeds}) for scores in (first, second))
    if values.shape != others.shape or (images != other_images).any():
        raise ValueError("a paired difference needs the same groups")
    return _interval(values - others, images, seed)


def bootstrap_groups(first: Mapping[str, GroupScore], second: Mapping[str, GroupScore], seed: int = 0) -> Interval:
    """First minus second of one training each, paired: what other groups would give, and no other training."""
    (values, images), (others, _) = _table({0: first}), _table({0: second})
    return _interval(values - others, images, seed, fewest=len(first))


def _table(scores: SeedScores) -> tuple[np.ndarray, np.ndarray]:
    """Values `[S, G]` and images `[G]`, groups in the order of their names."""
    groups = sorted(next(iter(scores.values())))
    values = np.array([[scores[seed][group].value for group in groups] for seed in sorted(scores)])
    return values, np.array([next(iter(scores.values()))[group].images for group in groups], np.float64)


def bootstrap_crossed(values: np.ndarray, images: np.ndarray, seed: int = 0) -> Interval:
    """The mean of scores that cross one more way, such as senders, draws and patients, with its 95 % interval.

    Args:
        values: float64 `[K, S, G]`; with a K of 1 the interval is for this one of them.
        images: `[G]`, of each group.
        seed: of the resampling.

    Returns:
        The interval; its bounds are None where there is one draw or one group.
    """
    kinds, seeds, groups = values.shape
    if kinds == 1:
        return _interval(values[0], images, seed)
    rng = np.random.default_rng([seed, 1])
    kind_weights = rng.multinomial(kinds, np.full(kinds, 1.0 / kinds), size=DRAWS) / kinds
    resampled = np.einsum("dk,ksg->dsg", kind_weights, values)
    return _interval(values.mean(axis=0), images, seed, min(kinds, seeds, groups), resampled)


def _interval(
    values: np.ndarray, images: np.ndarray, seed: int, fewest: int | None = None, resampled: np.ndarray | None = None
) -> Interval:
    """The mean of values `[S, G]`.

    `fewest` is the least number of levels of what is resampled, where that is not the smaller of S and G; `resampled`,
    `[DRAWS, S, G]`, is what each resample takes instead of the values.
    """
    mean = float(values.mean(axis=0) @ images / images.sum())
    seeds, groups = values.shape
    fewer = fewest or min(seeds, groups)
    if fewer < 2:
        return Interval(mean, None, None)
    rng = np.random.default_rng(seed)
    seed_weights = rng.multinomial(seeds, np.full(seeds, 1.0 / seeds), size=DRAWS) / seeds
    group_weights = rng.multinomial(groups, np.full(groups, 1.0 / groups), size=DRAWS) * images
    by_group = seed_weights @ values if resampled is None else np.einsum("ds,dsg->dg", seed_weights, resampled)
    means = np.sum(by_group * group_weights, axis=1) / group_weights.sum(axis=1)
    tail = stats.norm.cdf(-np.sqrt(fewer / (fewer - 1)) * stats.t.ppf((1 + LEVEL) / 2, fewer - 1))
    low, high = np.quantile(means, [tail, 1.0 - tail])
    return Interval(mean, float(low), float(high))
