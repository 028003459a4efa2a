import numpy as np
import pytest

from tfgan_thyroid.metrics.distances import squared_distances
from tfgan_thyroid.metrics.mmd import mmd


def reference(real, generated):
    """The definition, pair by pair."""
    distance = lambda a, b: float(np.sum((a - b) ** 2))  # noqa: E731
    scale = np.mean([distance(a, b) for a in real for b in real])
    kernel = lambda xs, ys: np.mean([np.exp(-distance(a, b) / (2 * scale)) for a in xs for b in ys])  # noqa: E731
    return np.sqrt(max(0.0, kernel(real, real) + kernel(generated, generated) - 2 * kernel(real, generated)))


def normal(seed, n=30, features=5, shift=0.0):
    return np.random.default_rng(seed).normal(shift, 1.0, size=(n, features))


def test_distances_equal_the_plain_formula():
    a, b = normal(0, 4), normal(1, 6)
    np.testing.assert_allclose(squared_distances(a, b), ((a[:, None] - b[None]) ** 2).sum(-1), atol=1e-12)


def test_distances_of_equal_points_are_not_negative():
    points = 1e6 + normal(0)
    assert squared_distances(points, points).min() == 0.0


def test_mmd_equals_the_definition_computed_pair_by_pair():
    real, generated = normal(0, 12), normal(1, 9, shift=0.5)
    assert mmd(real, generated) == pytest.approx(reference(real, generated), rel=1e-10)


def test_mmd_of_a_set_with_itself_is_zero():
    assert mmd(normal(0), normal(0)) == pytest.approx(0.0, abs=1e-7)


def test_mmd_of_two_far_point_masses_has_a_closed_form():
    # k_rr: half of the pairs at distance 2 (squared 4, mean s = 2), so (1 + e^-1) / 2; k_gg = 1; k_rg = 0.
    real = np.array([[0.0], [2.0]])
    far = np.full((2, 1), 1e3)
    assert mmd(real, far) == pytest.approx(np.sqrt((1 + np.exp(-1)) / 2 + 1), rel=1e-12)


def test_mmd_grows_with_the_shift_between_the_sets():
    values = [mmd(normal(0, 200), normal(1, 200, shift=shift)) for shift in (0.0, 0.3, 0.6, 1.2)]
    assert values == sorted(values)


def test_mmd_has_the_floor_near_009_that_its_documentation_states():
    values = [mmd(normal(seed, 100, 500), normal(seed + 50, 100, 500)) for seed in range(5)]
    assert np.mean(values) == pytest.approx(0.09, abs=0.01)


def test_real_images_that_are_all_equal_are_refused():
    with pytest.raises(ValueError, match="all that were given are equal"):
        mmd(np.ones((5, 3)), normal(0, 5, 3))
