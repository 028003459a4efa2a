import numpy as np
import pytest

from tfgan_thyroid.experiments.bootstrap import GroupScore, bootstrap_crossed, bootstrap_difference, bootstrap_mean


def scores(values, images):
    """By seed and group, of an array `[seeds, groups]`."""
    return {
        seed: {f"g{g}": GroupScore(images[g], float(value)) for g, value in enumerate(row)}
        for seed, row in enumerate(values)
    }


def test_a_mean_is_over_images_not_over_groups():
    assert bootstrap_mean(scores([[1.0, 0.0], [0.5, 0.0]], [3, 1])).mean == pytest.approx(0.75 * 0.75)


def test_the_interval_of_many_groups_and_seeds_is_that_of_the_sum_of_both_variances():
    rng = np.random.default_rng(0)
    seeds, groups = 40, 50
    values = 0.3 * rng.normal(size=(seeds, 1)) + 0.5 * rng.normal(size=(1, groups))
    interval = bootstrap_mean(scores(values, [4] * groups))
    error = np.sqrt(values.mean(axis=1).var() / seeds + values.mean(axis=0).var() / groups)
    # The levels of 40 values are those of Student's t, times sqrt(40 / 39): 2.05.
    assert interval.high - interval.low == pytest.approx(2 * 2.05 * error, rel=0.05)


@pytest.mark.parametrize(("seeds", "groups"), [(5, 8), (5, 3)])
def test_the_interval_covers_zero_as_often_as_it_says_where_there_are_few(seeds, groups):
    rng = np.random.default_rng(1)
    covered = []
    for _ in range(60):
        values = rng.normal(size=(seeds, 1)) + rng.normal(size=(1, groups)) + rng.normal(size=(seeds, groups))
        interval = bootstrap_mean(scores(values, [1] * groups))
        covered.append(interval.low < 0.0 < interval.high)
    assert np.mean(covered) >= 0.95 - 2 * (0.95 * 0.05 / 60) ** 0.5


def test_a_paired_difference_does_not_see_what_both_share():
    rng = np.random.default_rng(2)
    shared = rng.normal(size=(5, 8))
    images = [1, 2, 3, 4, 5, 6, 7, 8]
    first, second = scores(shared + 0.01, images), scores(shared, images)
    assert bootstrap_difference(first, second) == pytest.approx((0.01, 0.01, 0.01))


def test_seeds_that_only_one_has_are_left_out():
    first, second = scores([[0.5], [0.6], [9.0]], [2]), scores([[0.4], [0.4]], [2])
    assert bootstrap_difference(first, second).mean == pytest.approx(0.15)
    with pytest.raises(ValueError, match="seeds that both"):
        bootstrap_difference({7: first[0]}, second)


def test_other_groups_cannot_be_paired():
    with pytest.raises(ValueError, match="same groups"):
        bootstrap_difference(scores([[0.5, 0.5]], [2, 3]), scores([[0.5, 0.5]], [2, 2]))


@pytest.mark.parametrize("shape", [(1, 5), (5, 1)])
def test_one_seed_or_one_group_leaves_the_bounds_unknown(shape):
    interval = bootstrap_mean(scores(np.full(shape, 0.5), [1] * shape[1]))
    assert interval == (0.5, None, None)


def test_the_same_seed_gives_the_same_interval():
    values = scores(np.random.default_rng(3).normal(size=(5, 8)), [1] * 8)
    assert bootstrap_mean(values, 4) == bootstrap_mean(values, 4) != bootstrap_mean(values, 5)


def test_with_one_sender_the_crossed_interval_is_that_of_draws_and_groups():
    values, images = np.random.default_rng(0).normal(size=(5, 8)), [1, 2, 1, 2, 1, 2, 1, 2]
    crossed = bootstrap_crossed(values[None], np.array(images, np.float64), seed=3)
    assert crossed == bootstrap_mean(scores(values, images), seed=3)


def test_senders_that_differ_widen_the_interval_and_equal_ones_do_not():
    values, images = np.random.default_rng(0).normal(size=(6, 8)), np.ones(8)
    one = bootstrap_crossed(values[None], images)
    equal = bootstrap_crossed(np.repeat(values[None], 8, axis=0), images)
    assert (equal.low, equal.high) == pytest.approx((one.low, one.high), abs=1e-9)
    shifts = np.linspace(-3.0, 3.0, 8)
    differing = bootstrap_crossed(values + shifts[:, None, None], images)
    assert differing.mean == pytest.approx(one.mean)
    # The mean of eight senders has the standard deviation of their shifts over the root of eight.
    assert differing.high - differing.low > 2 * 1.96 * shifts.std() / np.sqrt(8)


def test_few_senders_are_the_fewest_that_the_levels_are_widened_for():
    values, images = np.random.default_rng(0).normal(size=(2, 10, 12)), np.ones(12)
    of_two = bootstrap_crossed(values, images)
    of_many = bootstrap_crossed(np.concatenate([values] * 5), images)
    assert of_two.high - of_two.low > of_many.high - of_many.low
