import numpy as np
import pytest
from prdc import compute_prdc

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.metrics.density_coverage import density_coverage


def normal(seed, n=100, features=4, shift=0.0, spread=1.0):
    return np.random.default_rng(seed).normal(shift, spread, size=(n, features))


@pytest.mark.parametrize("k", [1, 3, 5])
def test_agrees_with_prdc(k):
    real, generated = normal(0), normal(1, 80, shift=0.5, spread=0.7)
    expected = compute_prdc(real, generated, nearest_k=k)
    assert density_coverage(real, generated, k) == pytest.approx((expected["density"], expected["coverage"]), abs=1e-5)


def test_equal_distributions_have_the_expectations_of_the_source():
    found = np.array([density_coverage(normal(seed), normal(seed + 500)) for seed in range(60)])
    # Naeem et al. 2020, lemmas 1 and 2, for N = M = 100 and k = 5: 1 and 1 - (99 ... 95) / (199 ... 195).
    coverage = 1 - np.prod(np.arange(95, 100) / np.arange(195, 200))
    assert found.mean(axis=0) == pytest.approx([1.0, coverage], abs=0.03)


def test_a_set_with_itself_is_covered():
    assert density_coverage(normal(0), normal(0)).coverage == 1.0


def test_far_sets_share_nothing():
    assert density_coverage(normal(0), normal(1, shift=100.0)) == (0.0, 0.0)


def test_crowding_raises_density_and_lowers_coverage():
    found = [density_coverage(normal(0), normal(1, spread=spread)) for spread in (1.0, 0.5, 0.1)]
    assert [value.density for value in found] == sorted(value.density for value in found)
    assert [value.coverage for value in found] == sorted((value.coverage for value in found), reverse=True)


def test_an_outlier_among_the_real_images_does_not_let_everything_count():
    real = np.concatenate([normal(0), np.full((1, 4), 30.0)])
    assert density_coverage(real, normal(1, shift=15.0)).density < 0.25


def test_too_few_images_are_refused():
    with pytest.raises(UserError, match="neighbour 5 needs at least 6 images"):
        density_coverage(normal(0, 5), normal(1))
