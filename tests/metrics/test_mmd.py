import numpy as np
import pytest

from tfgan_thyroid.metrics.mmd import mmd, mmd_unbiased


def reference(real, generated):
    """The definition, pair by pair."""
    distance = lambda a, b: float(np.sum((a - b) ** 2))  # noqa: E731
    scale = np.mean([distance(a, b) for a in real for b in real])
    kernel = lambda xs, ys: np.mean([np.exp(-distance(a, b) / (2 * scale)) for a in xs for b in ys])  # noqa: E731
    return np.sqrt(max(0.0, kernel(real, real) + kernel(generated, generated) - 2 * kernel(real, generated)))


def normal(seed, n=30, features=5, shift=0.0):
    return np.random.default_rng(seed).normal(shift, 1.0, size=(n, features))


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


def test_the_unbiased_estimator_leaves_out_the_diagonals():
    real, generated = normal(0, 9), normal(1, 7, shift=0.5)
    kernel = lambda xs, ys: np.exp(-((xs[:, None] - ys[None]) ** 2).sum(-1) / (2 * 3.0))  # noqa: E731
    off_diagonal = lambda k: (k.sum() - len(k)) / (len(k) * (len(k) - 1))  # noqa: E731
    expected = off_diagonal(kernel(real, real)) + off_diagonal(kernel(generated, generated))
    expected -= 2 * kernel(real, generated).mean()
    assert mmd_unbiased(real, generated, bandwidth=3.0) == pytest.approx(expected, rel=1e-10)


def test_a_gaussian_shift_has_the_closed_form():
    # MMD^2 = 2 (1 + 2 / s)^(-F / 2) (1 - exp(-|d|^2 / (2 (s + 2)))) between N(0, I) and N(d, I) at bandwidth s.
    size, bandwidth, shift = 3, 4.0, 0.7
    expected = 2 * (1 + 2 / bandwidth) ** (-size / 2) * (1 - np.exp(-size * shift**2 / (2 * (bandwidth + 2))))
    pairs = [(normal(seed, 200, size), normal(seed + 500, 200, size, shift)) for seed in range(100)]
    unbiased = np.array([mmd_unbiased(*pair, bandwidth) for pair in pairs])
    assert unbiased.mean() == pytest.approx(expected, abs=4 * unbiased.std() / len(pairs) ** 0.5)
    # The biased one, squared, is larger by what the diagonals add: (1 - mean k off them) / n for either set.
    biased = np.array([mmd(*pair, bandwidth) ** 2 for pair in pairs])
    added = 2 * (1 - (1 + 2 / bandwidth) ** (-size / 2)) / 200
    assert (biased - unbiased).mean() == pytest.approx(added, rel=0.02)


def test_the_unbiased_estimate_is_zero_on_average_for_equal_distributions():
    values = [mmd_unbiased(normal(seed, 40), normal(seed + 500, 40)) for seed in range(200)]
    assert min(values) < 0 < max(values)
    assert abs(np.mean(values)) < 4 * np.std(values) / len(values) ** 0.5


@pytest.mark.parametrize("metric", [mmd, mmd_unbiased])
def test_both_are_symmetric_at_a_given_bandwidth(metric):
    real, generated = normal(0, 20), normal(1, 15, shift=0.4)
    assert metric(real, generated, 2.0) == pytest.approx(metric(generated, real, 2.0), rel=1e-12)


@pytest.mark.parametrize("metric", [mmd, mmd_unbiased])
def test_grey_levels_mean_the_same_as_their_fractions(metric):
    real, generated = (np.random.default_rng(seed).integers(0, 256, (9, 40), dtype=np.uint8) for seed in (0, 1))
    assert metric(real, generated) == pytest.approx(metric(real / 255.0, generated / 255.0), rel=1e-12)
