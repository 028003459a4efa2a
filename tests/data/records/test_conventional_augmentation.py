import math

import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.data.records import conventional_augmentation
from tfgan_thyroid.data.records.conventional_augmentation import (
    augment,
    draw_coordinates,
    sample_bilinear,
    sample_nearest,
)

SIZE = 33


def seed(*numbers):
    return tf.constant(numbers, tf.int64)


def grid(size=SIZE):
    return np.stack(np.meshgrid(np.arange(size), np.arange(size), indexing="ij"), axis=-1).astype(np.float32)


@pytest.fixture
def without_elastic(monkeypatch):
    monkeypatch.setattr(conventional_augmentation, "ELASTIC_DEVIATION", 0.0)


def test_bilinear_samples_lie_between_the_four_pixels_around():
    image = tf.constant(np.arange(12.0).reshape(3, 4, 1), tf.float32)  # value = 4 row + column
    points = tf.constant([[0.0, 0.0], [1.5, 2.25], [2.0, 3.0], [0.25, 1.0]])
    np.testing.assert_allclose(sample_bilinear(image, points)[:, 0], [0.0, 8.25, 11.0, 2.0], rtol=1e-6)


def test_samples_beyond_the_edge_are_mirrored():
    image = tf.constant(np.arange(4.0).reshape(4, 1, 1) * [[[1.0]]] + np.zeros((4, 3, 1)), tf.float32)
    rows = tf.constant([[-1.0, 0.0], [-2.0, 1.0], [4.0, 0.0], [5.0, 2.0], [9.0, 0.0]])
    expected = [1.0, 2.0, 2.0, 1.0, 3.0]  # 0 1 2 3 2 1 0 1 2 3
    np.testing.assert_array_equal(sample_bilinear(image, rows)[:, 0], expected)
    np.testing.assert_array_equal(sample_nearest(image, rows)[:, 0], expected)


def test_the_plain_grid_gives_the_image_back():
    image = np.random.default_rng(0).normal(size=(SIZE, SIZE, 1)).astype(np.float32)
    np.testing.assert_array_equal(sample_bilinear(image, grid()), image)
    np.testing.assert_array_equal(sample_nearest(image, grid()), image)


def test_without_distortion_the_map_is_a_rotation_a_resize_and_perhaps_a_flip(without_elastic):
    flips, turns, factors = set(), [], []
    for number in range(60):
        coordinates = draw_coordinates(SIZE, SIZE, seed(3, number)).numpy() - (SIZE - 1) / 2
        matrix = np.linalg.lstsq((grid() - (SIZE - 1) / 2).reshape(-1, 2), coordinates.reshape(-1, 2), rcond=None)[0]
        scale = math.sqrt(abs(np.linalg.det(matrix)))
        np.testing.assert_allclose(matrix.T @ matrix, np.eye(2) * scale**2, atol=1e-4)
        flips.add(round(float(np.sign(np.linalg.det(matrix)))))
        factors.append(1.0 / scale)
        turns.append(math.degrees(math.acos(min(1.0, matrix[0, 0] / scale))))
    assert flips == {-1, 1}
    assert max(turns) <= 15.001
    assert max(turns) > 12.0
    assert 1 / 1.2001 < min(factors) < 0.9
    assert 1.1 < max(factors) < 1.2001


def test_elastic_displacements_have_the_stated_deviation_at_the_drawn_points():
    size = 256
    moved = [conventional_augmentation._elastic_displacements(size, size, seed(9, n)).numpy() for n in range(60)]
    spread = np.std([d[size // 2, size // 2] for d in moved])  # half a pixel beside the middle point of the grid
    assert spread == pytest.approx(size * 10 / 512, rel=0.25)  # 120 numbers: a standard error of 6.5 %
    steepest = max(np.abs(np.diff(d, axis=axis)).max() for d in moved for axis in (0, 1))
    assert steepest < 1.0  # neighbours keep their order: nothing folds over


def test_image_and_mask_move_together():
    rows, columns = np.mgrid[:64, :64]
    disc = (np.hypot(rows - 25, columns - 36) < 12).astype(np.float32)[..., None]
    for number in range(12):
        image, mask = augment(tf.constant(disc), tf.constant(disc), seed(0, number))
        assert set(np.unique(mask)) <= {0.0, 1.0}
        overlap = np.logical_and(image.numpy() >= 0.5, mask.numpy() >= 0.5).sum()
        assert 2 * overlap / ((image.numpy() >= 0.5).sum() + mask.numpy().sum()) > 0.95
        assert not np.array_equal(mask, disc)


def test_the_seed_alone_decides_and_a_graph_gives_what_eager_gives():
    image = tf.constant(np.random.default_rng(0).normal(size=(32, 32, 1)), tf.float32)
    mask = tf.cast(image > 0.0, tf.float32)
    first, again, other = (augment(image, mask, s)[0].numpy() for s in (seed(1, 2), seed(1, 2), seed(1, 3)))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    in_graph = tf.function(augment)(image, mask, seed(1, 2))[0]
    np.testing.assert_allclose(in_graph, first, atol=1e-5)
