import numpy as np
import tensorflow as tf

from tfgan_thyroid.layers.soft_masks import CONTRAST, SIGMA, soften_masks


def pair_with_a_disc(size=64, radius=14):
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2
    mask = np.where(np.hypot(rows, columns) < radius, 1.0, -1.0)
    scan = np.random.default_rng(0).uniform(-1, 1, (size, size))
    return np.stack([scan, mask], axis=-1)[np.newaxis].astype(np.float32)


def test_the_mask_is_the_convolution_with_a_gaussian_at_a_quarter_of_its_contrast():
    pair = pair_with_a_disc()
    sigma = 64 * SIGMA
    reach = int(np.ceil(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    expected = np.apply_along_axis(np.convolve, 0, pair[0, ..., 1], kernel, "same")
    expected = CONTRAST * np.apply_along_axis(np.convolve, 1, expected, kernel, "same")
    inside = slice(reach, -reach)  # NumPy pads with zeros, the layer mirrors
    np.testing.assert_allclose(
        soften_masks(tf.constant(pair))[0, inside, inside, 1], expected[inside, inside], atol=1e-6
    )


def test_the_scan_stays_to_the_bit_and_the_outline_within_a_pixel():
    pair = pair_with_a_disc()
    soft = soften_masks(tf.constant(pair)).numpy()
    np.testing.assert_array_equal(soft[..., 0], pair[..., 0])
    changed = (soft[..., 1] > 0) != (pair[..., 1] > 0)
    assert changed.sum() < 2 * np.pi * 14  # fewer pixels than the outline is long


def test_uniform_masks_stay_uniform_up_to_the_border():
    pair = np.full((1, 16, 16, 2), -1.0, np.float32)
    np.testing.assert_allclose(soften_masks(tf.constant(pair))[..., 1], -CONTRAST, rtol=1e-6)


def test_images_without_masks_stay_as_they_are():
    images = tf.random.stateless_normal([2, 8, 8, 1], [1, 2])
    assert soften_masks(images) is images
