import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.layers import differentiable_augmentation as module
from tfgan_thyroid.layers.differentiable_augmentation import differentiable_augmentation

SIZE = 16


def ramps(count=8, channels=1):
    """Images whose pixels all differ, in [-1, 1]."""
    image = np.linspace(-1.0, 1.0, SIZE * SIZE, dtype=np.float32).reshape(1, SIZE, SIZE, 1)
    return tf.constant(np.tile(image, (count, 1, 1, channels)))


def seed(number):
    return tf.constant([3, number], tf.int64)


def test_the_seed_alone_decides_and_every_image_gets_its_own_draws():
    first, again = (differentiable_augmentation(ramps(), seed(0)).numpy() for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert len({image.tobytes() for image in first}) == len(first)
    assert not np.array_equal(first, differentiable_augmentation(ramps(), seed(1)).numpy())


def test_brightness_and_contrast_are_affine_and_leave_a_mask_alone():
    images = ramps(count=16, channels=2)
    out = module._change_brightness_and_contrast(images, seed(0), seed(1)).numpy()
    np.testing.assert_array_equal(out[..., 1], images[..., 1])
    scales = np.ptp(out[..., 0], axis=(1, 2)) / 2.0
    shifts = out[..., 0].mean(axis=(1, 2))
    assert np.all(np.abs(scales - 1.0) <= module.CONTRAST) and np.ptp(scales) > 0.3
    assert np.all(np.abs(shifts) <= module.BRIGHTNESS) and np.ptp(shifts) > 0.3
    expected = scales[:, None, None] * images[..., 0].numpy() + shifts[:, None, None]
    np.testing.assert_allclose(out[..., 0], expected, atol=1e-5)


def test_translation_shifts_whole_images_and_fills_with_black():
    image = ramps(1).numpy()[0, :, :, 0]
    reach = round(SIZE * module.TRANSLATION)
    padded = np.pad(image, reach, constant_values=module.BLACK)
    windows = {(y, x): padded[y : y + SIZE, x : x + SIZE] for y in range(2 * reach + 1) for x in range(2 * reach + 1)}
    seen = set()
    for moved in module._translate(ramps(200), seed(0)).numpy()[..., 0]:
        matches = [place for place, window in windows.items() if np.allclose(moved, window, atol=1e-6)]
        assert len(matches) == 1
        seen.add(matches[0])
    assert len(seen) == len(windows)


def test_cutout_blanks_one_square_and_keeps_the_rest():
    images = ramps(100) + 3.0
    out = module._cut_out(images, seed(0)).numpy()[..., 0]
    for image in out:
        rows, columns = np.nonzero(image == 0.0)
        side = round(SIZE * module.CUTOUT)
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert len(rows) == height * width
        assert side // 2 <= min(height, width) <= max(height, width) <= side
    kept = out != 0.0
    np.testing.assert_array_equal(out[kept], images.numpy()[..., 0][kept])


def test_gradients_reach_the_images_as_finite_differences_say():
    images = tf.Variable(tf.random.stateless_uniform([2, SIZE, SIZE, 1], [1, 2], -1.0, 1.0))
    weights = tf.random.stateless_normal([2, SIZE, SIZE, 1], [3, 4])

    def score():
        return tf.reduce_sum(weights * differentiable_augmentation(images, seed(0)))

    with tf.GradientTape() as tape:
        value = score()
    gradient = tape.gradient(value, images)
    direction = tf.random.stateless_normal(images.shape, [5, 6])
    images.assign_add(direction)
    # All transformations are affine in the images, so that the difference is exact.
    assert float(score() - value) == pytest.approx(float(tf.reduce_sum(gradient * direction)), rel=1e-3)
