import numpy as np
import pytest
from prdc import compute_prdc

from tfgan_thyroid.metrics import distances, matrix_products
from tfgan_thyroid.metrics.precision_recall import precision_recall


def normal(seed, n=100, features=4, shift=0.0, spread=1.0):
    return np.random.default_rng(seed).normal(shift, spread, size=(n, features))


@pytest.mark.parametrize("kept", [0, 2**25])
@pytest.mark.parametrize("k", [1, 3, 5])
def test_agrees_with_prdc(monkeypatch, k, kept):
    monkeypatch.setattr(distances, "KEPT_BYTES", kept)
    monkeypatch.setattr(matrix_products, "BLOCK_BYTES", 8 * 100 * 7)
    real, generated = normal(0), normal(1, 80, shift=0.5, spread=0.7)
    expected = compute_prdc(real, generated, nearest_k=k)
    found = precision_recall(real, generated, k)
    assert found == pytest.approx((expected["precision"], expected["recall"]), abs=1e-5)
    assert 0.0 < found.recall < found.precision


def test_a_set_with_itself_is_precise_and_recalled():
    assert precision_recall(normal(0), normal(0)) == (1.0, 1.0)


def test_far_sets_share_nothing():
    assert precision_recall(normal(0), normal(1, shift=100.0)) == (0.0, 0.0)


def test_exchanging_the_sets_exchanges_the_two():
    real, generated = normal(0), normal(1, shift=0.5, spread=0.5)
    assert precision_recall(real, generated) == precision_recall(generated, real)[::-1]


def test_a_generator_of_one_mode_is_precise_and_not_recalled():
    real = np.concatenate([normal(0, 50), normal(1, 50, shift=50.0)])
    assert precision_recall(real, normal(2)).precision > 0.9
    assert precision_recall(real, normal(2)).recall < 0.55


def test_precision_falls_with_the_shift_and_recall_rises_with_the_spread():
    precisions = [precision_recall(normal(0), normal(1, shift=shift)).precision for shift in (0.0, 0.7, 1.5, 3.0)]
    assert precisions == sorted(precisions, reverse=True)
    recalls = [precision_recall(normal(0), normal(1, spread=spread)).recall for spread in (0.1, 0.4, 0.7, 1.0)]
    assert recalls == sorted(recalls)
