"""Whether a lead is real: paired comparison of two systems over seeds."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

LEVEL = 0.95


class Interval(NamedTuple):
    """A mean with its confidence interval; the bounds are None where one value leaves them unknown."""

    mean: float
    low: float | None
    high: float | None

    @property
    def sign(self) -> int | None:
        """1 above zero as a whole, -1 below it, 0 around it; None where the bounds are not known."""
        return None if self.low is None or self.high is None else (self.low > 0.0) - (self.high < 0.0)

    def bounds(self, form: str) -> str:
        """Its ends in words, each in this format."""
        return f"{self.low:{form}} to {self.high:{form}}"

    def text(self, form: str) -> str:
        """The mean with the ends in brackets, where they are known."""
        return f"{self.mean:{form}}" + ("" if self.sign is None else f" ({self.bounds(form)})")


class PairedTest(NamedTuple):
    """A paired comparison."""

    difference: Interval  # mean of first minus second, with its 95 % interval
    p_value: float | None  # of the two-sided paired t-test, None below two pairs
    pairs: int  # how many seeds both systems share

    @property
    def real(self) -> bool:
        """Whether the interval excludes zero."""
        return bool(self.difference.sign)


def mean_interval(values: Sequence[float]) -> Interval:
    """Mean and 95 % interval by Student's t, over independent seeds."""
    sample = np.asarray(values, np.float64)
    mean = float(sample.mean())
    if len(sample) < 2:
        return Interval(mean, None, None)
    half = float(stats.t.ppf((1 + LEVEL) / 2, len(sample) - 1) * stats.sem(sample))
    return Interval(mean, mean - half, mean + half)


def paired_test(first: dict[int, float], second: dict[int, float]) -> PairedTest:
    """Compares two systems over the seeds that both were trained with, by a two-sided paired t-test.

    Args:
        first: score of each seed, lower is better.
        second: likewise; the same seed means the same initial values of shared networks and the same order of scans.
    """
    seeds = sorted(first.keys() & second.keys())
    if not seeds:
        raise ValueError("a paired test needs seeds that both systems share")
    differences = np.array([first[seed] - second[seed] for seed in seeds])
    if len(seeds) < 2:
        p_value = None
    elif np.ptp(differences) == 0.0:  # the t statistic is 0/0 or infinite
        p_value = 1.0 if differences[0] == 0.0 else 0.0
    else:
        p_value = float(stats.ttest_1samp(differences, 0.0).pvalue)
    return PairedTest(mean_interval(list(differences)), p_value, len(seeds))
