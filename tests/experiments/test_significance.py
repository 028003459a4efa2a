import numpy as np
import pytest
from scipy import stats

from tfgan_thyroid.experiments.significance import mean_interval, paired_test


def test_the_interval_covers_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    intervals = [mean_interval(list(rng.normal(3.0, 2.0, size=4))) for _ in range(2_000)]
    covered = np.mean([interval.low < 3.0 < interval.high for interval in intervals])
    assert covered == pytest.approx(0.95, abs=4 * (0.95 * 0.05 / 2_000) ** 0.5)


def test_one_seed_has_no_interval():
    assert mean_interval([0.2]) == (0.2, None, None)
    test = paired_test({0: 0.2}, {0: 0.3})
    assert test.p_value is None and not test.real


def test_pairs_are_compared_by_student_t_over_the_seeds_in_common():
    first, second = {0: 0.10, 1: 0.12, 2: 0.11, 7: 9.0}, {0: 0.15, 1: 0.18, 2: 0.15, 8: 9.0}
    test = paired_test(first, second)
    assert test.pairs == 3
    assert test.difference.mean == pytest.approx(-0.05)
    assert test.p_value == pytest.approx(stats.ttest_rel([0.10, 0.12, 0.11], [0.15, 0.18, 0.15]).pvalue)
    assert test.real
    reverse = paired_test(second, first)
    assert reverse.difference.mean == pytest.approx(0.05) and reverse.real


def test_equal_systems_differ_by_nothing():
    same = {0: 0.1, 1: 0.3, 2: 0.2}
    test = paired_test(same, same)
    assert test.p_value == 1.0 and not test.real


def test_seeds_that_share_nothing_cannot_be_paired():
    with pytest.raises(ValueError, match="seeds that both"):
        paired_test({0: 1.0}, {1: 1.0})
