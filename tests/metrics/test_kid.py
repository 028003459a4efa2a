import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel

from tfgan_thyroid.metrics import matrix_products
from tfgan_thyroid.metrics.kid import kid


def normal(seed, n=40, features=6, shift=0.0):
    return np.random.default_rng(seed).normal(shift, 1.0, size=(n, features))


def reference(real, generated):
    """Binkowski's estimator on scikit-learn's kernel, whose gamma is 1 / F by default."""
    kernel = lambda a, b: polynomial_kernel(a, b, degree=3, coef0=1)  # noqa: E731
    off_diagonal = lambda k: (k.sum() - k.trace()) / (len(k) * (len(k) - 1))  # noqa: E731
    within = off_diagonal(kernel(real, real)) + off_diagonal(kernel(generated, generated))
    return within - 2 * kernel(real, generated).mean()


def test_agrees_with_the_estimator_on_scikit_learns_kernel():
    real, generated = normal(0), normal(1, 30, shift=0.4)
    assert kid(real, generated) == pytest.approx(reference(real, generated), rel=1e-10)


@pytest.mark.slow
def test_agrees_with_torchmetrics():
    torch = pytest.importorskip("torch", reason="torchmetrics needs the extra: pip install -e '.[bench]'")
    image_kid = pytest.importorskip("torchmetrics.image.kid", reason="needs the extra bench")
    real, generated = normal(0), normal(1, shift=0.4)
    expected = image_kid.poly_mmd(torch.from_numpy(real), torch.from_numpy(generated))
    assert kid(real, generated) == pytest.approx(float(expected), abs=1e-5)


def test_a_line_can_be_checked_by_hand():
    # Kernels (xy + 1)^3: real pair 1, generated pair (2 + 1)^3 = 27; between 1, 1, 2^3, 3^3, whose mean is 37 / 4.
    assert kid(np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]])) == pytest.approx(1 + 27 - 2 * 37 / 4)


def test_equal_distributions_give_zero_on_average():
    values = [kid(normal(seed), normal(seed + 500)) for seed in range(200)]
    assert abs(np.mean(values)) < 4 * np.std(values) / len(values) ** 0.5


def test_symmetric_and_growing_with_the_shift():
    assert kid(normal(0), normal(1, shift=1.0)) == pytest.approx(kid(normal(1, shift=1.0), normal(0)), rel=1e-12)
    values = [kid(normal(0, 200), normal(1, 200, shift=shift)) for shift in (0.0, 0.5, 1.0, 2.0)]
    assert values == sorted(values)


def test_grey_levels_mean_the_same_as_their_fractions():
    real, generated = (np.random.default_rng(seed).integers(0, 256, (9, 40), dtype=np.uint8) for seed in (0, 1))
    assert kid(real, generated) == pytest.approx(reference(real / 255.0, generated / 255.0), rel=1e-9)


def test_blocks_give_the_same(monkeypatch):
    real, generated = normal(0, 11), normal(1, 7)
    expected = kid(real, generated)
    monkeypatch.setattr(matrix_products, "BLOCK_BYTES", 8 * 11 * 3)
    monkeypatch.setattr(matrix_products, "TILE_ROWS", 4)
    assert kid(real, generated) == pytest.approx(expected, rel=1e-10)
