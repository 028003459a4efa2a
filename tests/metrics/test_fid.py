"""FID against its formula with SciPy's matrix root, and against closed forms."""

import numpy as np
import pytest
from scipy import linalg

from tfgan_thyroid.metrics.fid import fid


def features(seed, count, width=6, scale=1.0, shift=0.0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, width)) @ np.random.default_rng(9).normal(size=(width, width)) * scale + shift


def by_the_formula(real, generated):
    covariances = [np.cov(each, rowvar=False) for each in (real, generated)]
    root = linalg.sqrtm(covariances[0] @ covariances[1]).real
    gap = real.mean(axis=0) - generated.mean(axis=0)
    return gap @ gap + np.trace(covariances[0] + covariances[1] - 2 * root)


@pytest.mark.parametrize(("n", "m"), [(200, 150), (200, 5), (5, 200)])
def test_it_is_the_published_formula_above_and_below_as_many_images_as_features(n, m):
    real, generated = features(0, n), features(1, m, scale=1.3, shift=0.2)
    # The product of covariances without full rank has no unique root; a small ridge changes the formula little.
    assert fid(real, generated) == pytest.approx(by_the_formula(real, generated), abs=2e-5)


def test_a_shift_adds_its_squared_length_and_a_scale_the_change_of_each_deviation():
    real = features(0, 400)
    assert fid(real, real) == pytest.approx(0.0, abs=1e-9)
    assert fid(real, real + 0.5) == pytest.approx(6 * 0.25)
    assert fid(real, 2.0 * (real - real.mean(axis=0)) + real.mean(axis=0)) == pytest.approx(
        np.trace(np.cov(real, rowvar=False))
    )


def test_it_is_symmetric_and_falls_with_n_for_one_distribution():
    few, many = (fid(features(2, n), features(3, n)) for n in (10, 1000))
    assert fid(features(2, 10), features(3, 12)) == pytest.approx(fid(features(3, 12), features(2, 10)))
    assert 0.0 < many < few
