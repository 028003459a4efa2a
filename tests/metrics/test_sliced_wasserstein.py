import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from tfgan_thyroid.metrics.sliced_wasserstein import project, sliced_wasserstein


def normal(seed, n=60, features=5, shift=0.0, spread=1.0):
    return np.random.default_rng(seed).normal(shift, spread, size=(n, features))


def test_equals_the_cheapest_assignment_along_each_direction():
    real, generated = normal(0), normal(1, shift=0.5)
    costs = (project(real, 16, 3).T[:, :, None] - project(generated, 16, 3).T[:, None, :]) ** 2
    best = [cost[linear_sum_assignment(cost)].mean() for cost in costs]
    assert sliced_wasserstein(real, generated, 16, 3) == pytest.approx(np.mean(best) ** 0.5, rel=1e-10)


def test_directions_are_unit_vectors_spread_evenly():
    directions = project(np.eye(5), 4000, seed=0).T
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(directions.T @ directions / 4000, np.eye(5) / 5, atol=0.02)


def test_a_shift_of_every_feature_is_the_distance():
    real = normal(0)
    assert sliced_wasserstein(real, real + 0.3, 20_000) == pytest.approx(0.3, rel=0.02)


def test_a_scaled_gaussian_has_the_closed_form():
    # Along any direction W2 between N(0, 1) and N(0, s^2) is |s - 1|.
    found = sliced_wasserstein(normal(0, 5000), normal(1, 5000, spread=1.5))
    assert found == pytest.approx(0.5, rel=0.05)


def test_identity_symmetry_and_growth():
    assert sliced_wasserstein(normal(0), normal(0)) == 0.0
    assert sliced_wasserstein(normal(0), normal(1)) == sliced_wasserstein(normal(1), normal(0))
    values = [sliced_wasserstein(normal(0), normal(1, shift=shift)) for shift in (0.0, 0.5, 1.0, 2.0)]
    assert values == sorted(values)


def test_the_seed_decides_the_directions():
    first, same, other = (sliced_wasserstein(normal(0), normal(1), seed=seed) for seed in (1, 1, 2))
    assert first == same != other


def test_grey_levels_mean_the_same_as_their_fractions():
    real, generated = (np.random.default_rng(seed).integers(0, 256, (9, 40), dtype=np.uint8) for seed in (0, 1))
    expected = sliced_wasserstein(real / 255.0, generated / 255.0)
    assert sliced_wasserstein(real, generated) == pytest.approx(expected, rel=1e-10)


def test_sets_of_different_size_are_refused():
    with pytest.raises(ValueError, match="as many real as generated images, got 60 and 50"):
        sliced_wasserstein(normal(0), normal(1, 50))
