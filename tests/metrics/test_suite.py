import numpy as np
import pytest

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.metrics.catalog import RESULTS
from tfgan_thyroid.metrics.mmd import mmd
from tfgan_thyroid.metrics.suite import evaluate_metrics

PAPER = ("mmd", "1nn")


def images(seed, count, offset=0):
    return np.random.default_rng(seed).integers(40, 200, size=(count, 6, 6, 1), dtype=np.uint8) + np.uint8(offset)


def evaluate(real, generated, samples=10, draws=3, seed=0, names=PAPER, **options):
    return evaluate_metrics(names, real, generated, samples=samples, draws=draws, seed=seed, **options)


def test_one_draw_of_everything_is_the_metric_itself():
    real, generated = images(0, 12), images(1, 12, 20)
    estimate = evaluate(real, generated, samples=12, draws=1)["mmd"]
    flat = [x.reshape(12, -1) / 255.0 for x in (real, generated)]
    assert estimate.mean == pytest.approx(mmd(*flat), rel=1e-9)
    assert (estimate.std, estimate.n, estimate.draws) == (0.0, 12, 1)


def test_fewer_images_shrink_the_draw_and_leave_no_floor():
    estimates = evaluate(images(0, 30), images(1, 12), samples=20)
    assert {estimate.n for estimate in estimates.values()} == {12}
    assert estimates["mmd"].floor is not None
    few = evaluate(images(0, 10), images(1, 12))
    assert {estimate.floor for estimate in few.values()} == {None}


def test_the_floor_of_real_against_real_is_near_what_equal_sets_give():
    estimates = evaluate(images(0, 200), images(1, 200), samples=50, draws=10)
    assert estimates["mmd"].mean == pytest.approx(estimates["mmd"].floor, abs=0.02)
    assert estimates["1nn"].floor == pytest.approx(0.5, abs=0.1)


def test_the_seed_decides_the_draws():
    first, same, other = (evaluate(images(0, 40), images(1, 40), seed=seed) for seed in (1, 1, 2))
    assert first == same
    assert first["mmd"].mean != other["mmd"].mean


def test_every_estimate_says_what_it_is_and_keeps_its_draws():
    for name, estimate in evaluate(images(0, 8), images(1, 8), seed=5, draws=2).items():
        assert estimate.definition == RESULTS[name].definition
        assert (estimate.seed, estimate.features) == (5, "pixels in [0, 1]")
        assert estimate.mean == pytest.approx(np.mean(estimate.values)) and len(estimate.values) == 2


def test_too_few_images_are_refused():
    with pytest.raises(UserError, match="at least 4"):
        evaluate(images(0, 3), images(1, 50))
