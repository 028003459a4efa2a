import numpy as np
import pytest

from tfgan_thyroid.metrics.nearest_neighbor import nearest_neighbor_accuracy


def normal(seed, n=200, shift=0.0):
    return np.random.default_rng(seed).normal(shift, 1.0, size=(n, 3))


def test_far_sets_are_told_apart_at_every_image():
    assert nearest_neighbor_accuracy(normal(0), normal(1, shift=100.0)) == (1.0, 1.0, 1.0)


def test_copies_are_never_told_apart():
    real = normal(0)
    assert nearest_neighbor_accuracy(real, real + 1e-9) == (0.0, 0.0, 0.0)


def test_equal_distributions_give_one_half():
    overall = np.mean([nearest_neighbor_accuracy(normal(seed), normal(seed + 99)).overall for seed in range(10)])
    # Four standard errors of 4,000 images that are right with probability 1/2.
    assert overall == pytest.approx(0.5, abs=4 * 0.5 / 4000**0.5)


def test_halves_are_counted_on_a_line_that_can_be_checked_by_hand():
    real, generated = np.array([[0.0], [1.0], [10.0]]), np.array([[10.4], [20.0], [21.0]])
    # Right: 0 and 1 (each other), 20 and 21 (each other). Wrong: 10 and 10.4, nearest to each other.
    accuracy = nearest_neighbor_accuracy(real, generated)
    assert accuracy == pytest.approx((4 / 6, 2 / 3, 2 / 3))


def test_an_image_is_not_its_own_neighbour():
    assert nearest_neighbor_accuracy(np.array([[0.0], [5.0]]), np.array([[0.1], [5.1]])).overall == 0.0
