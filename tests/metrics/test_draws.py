import numpy as np
import pytest

from tfgan_thyroid.metrics.draws import DEFINITIONS, distribution_metrics
from tfgan_thyroid.metrics.mmd import mmd


def images(seed, count, offset=0):
    return np.random.default_rng(seed).integers(40, 200, size=(count, 6, 6, 1), dtype=np.uint8) + np.uint8(offset)


def test_one_draw_of_everything_is_the_metric_itself():
    real, generated = images(0, 12), images(1, 12, 20)
    estimate = distribution_metrics(real, generated, samples=12, draws=1, seed=0)["mmd"]
    flat = [x.reshape(12, -1) / 255.0 for x in (real, generated)]
    assert estimate.mean == pytest.approx(mmd(*flat), rel=1e-9)
    assert (estimate.std, estimate.n, estimate.draws) == (0.0, 12, 1)


def test_fewer_images_shrink_the_draw_and_leave_no_floor():
    estimates = distribution_metrics(images(0, 30), images(1, 12), samples=20, draws=2, seed=0)
    assert {estimate.n for estimate in estimates.values()} == {12}
    assert estimates["mmd"].floor is not None
    few = distribution_metrics(images(0, 10), images(1, 12), samples=10, draws=2, seed=0)
    assert {estimate.floor for estimate in few.values()} == {None}


def test_the_floor_of_real_against_real_is_near_what_equal_sets_give():
    estimates = distribution_metrics(images(0, 200), images(1, 200), samples=50, draws=10, seed=0)
    assert estimates["mmd"].mean == pytest.approx(estimates["mmd"].floor, abs=0.02)
    assert estimates["1nn"].floor == pytest.approx(0.5, abs=0.1)


def test_the_seed_decides_the_draws():
    first, same, other = (distribution_metrics(images(0, 40), images(1, 40), 10, 3, seed) for seed in (1, 1, 2))
    assert first == same
    assert first["mmd"].mean != other["mmd"].mean


def test_every_estimate_says_what_it_is():
    for name, estimate in distribution_metrics(images(0, 8), images(1, 8), 4, 2, 5).items():
        assert estimate.definition == DEFINITIONS[name]
        assert (estimate.seed, estimate.features) == (5, "pixels in [0, 1]")


def test_too_few_images_are_refused():
    with pytest.raises(ValueError, match="at least 4"):
        distribution_metrics(images(0, 3), images(1, 50), 10, 2, 0)
