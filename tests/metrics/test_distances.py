import tracemalloc

import numpy as np
import pytest

from tfgan_thyroid.metrics import distances, matrix_products
from tfgan_thyroid.metrics.distances import PairDistances, SquaredDistances, squared_distances
from tfgan_thyroid.metrics.matrix_products import product_blocks


def normal(seed, n=30, features=5):
    return np.random.default_rng(seed).normal(size=(n, features))


def grey(seed, n=30, features=40):
    return np.random.default_rng(seed).integers(0, 256, (n, features), dtype=np.uint8)


def whole(squared):
    return np.concatenate([block for _, block in squared.blocks()])


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 3 rows, tiles of 4, slices of few features, and nothing kept."""
    monkeypatch.setattr(matrix_products, "BLOCK_BYTES", 3 * 8 * 30)
    monkeypatch.setattr(matrix_products, "SLICE_BYTES", 4 * 8 * 2)
    monkeypatch.setattr(matrix_products, "TILE_ROWS", 4)
    monkeypatch.setattr(distances, "KEPT_BYTES", 0)


def test_distances_equal_the_plain_formula():
    a, b = normal(0, 4), normal(1, 6)
    np.testing.assert_allclose(squared_distances(a, b), ((a[:, None] - b[None]) ** 2).sum(-1), atol=1e-12)


def test_distances_of_equal_points_are_not_negative():
    points = 1e6 + normal(0)
    assert squared_distances(points, points).min() == 0.0


def test_a_far_origin_does_not_spoil_small_distances():
    a = normal(0)
    np.testing.assert_allclose(squared_distances(1e6 + a, 1e6 + a), squared_distances(a, a), atol=1e-6)


def test_grey_levels_are_exact_fractions_of_255():
    a, b = grey(0), grey(1)
    exact = ((a[:, None].astype(int) - b[None].astype(int)) ** 2).sum(-1)
    np.testing.assert_array_equal(squared_distances(a, b), exact * (1 / 255.0 * (1 / 255.0)))


def test_an_image_is_at_no_distance_from_itself():
    assert not np.diagonal(whole(SquaredDistances(normal(0) * 1e3))).any()


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("make", [normal, grey])
def test_blocks_put_together_are_the_whole(make):
    a, b = make(0, 11, 9), make(1, 30, 9)
    scale = 255.0 if a.dtype == np.uint8 else 1.0
    x, y = a / scale, b / scale
    blocks = list(SquaredDistances(a, b).blocks())
    assert len(blocks) == 4
    np.testing.assert_allclose(whole(SquaredDistances(a, b)), ((x[:, None] - y[None]) ** 2).sum(-1), atol=1e-12)
    np.testing.assert_allclose(whole(SquaredDistances(a)), ((x[:, None] - x[None]) ** 2).sum(-1), atol=1e-12)
    np.testing.assert_allclose(np.concatenate([p for _, p in product_blocks(a, b)]), x @ y.T, atol=1e-12)


@pytest.mark.parametrize("kept", [0, 2**20])
def test_a_pair_sees_its_distances_from_both_sides(monkeypatch, kept):
    monkeypatch.setattr(distances, "KEPT_BYTES", kept)
    pair = PairDistances(normal(0, 7), normal(1, 5))
    np.testing.assert_allclose(whole(pair.generated_real), whole(pair.real_generated).T, atol=1e-12)


def test_many_images_need_little_memory():
    a, b = grey(0, 6000, 32), grey(1, 6000, 32)
    tracemalloc.start()
    total = sum(float(block.sum()) for _, block in SquaredDistances(a, b).blocks())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total > 0
    assert peak < 128 * 2**20  # all the distances at once take 275 MiB


def test_features_that_do_not_go_together_are_refused():
    with pytest.raises(ValueError, match=r"\(30, 5\) and \(30, 6\)"):
        squared_distances(normal(0), normal(1, features=6))
    with pytest.raises(ValueError, match="uint8 and float64"):
        squared_distances(grey(0, features=5), normal(1))
