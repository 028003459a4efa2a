import numpy as np
import tensorflow as tf

from tfgan_thyroid.layers.instance_normalization import EPSILON, instance_normalization


def test_equals_the_numpy_formula_for_each_image_and_channel():
    images = np.random.default_rng(0).normal(3.0, 2.0, size=(2, 5, 6, 3)).astype(np.float32)
    mean = images.mean(axis=(1, 2), keepdims=True, dtype=np.float64)
    variance = images.var(axis=(1, 2), keepdims=True, dtype=np.float64)
    expected = (images - mean) / np.sqrt(variance + EPSILON)
    # float32 sums over 30 pixels.
    np.testing.assert_allclose(instance_normalization()(images), expected, atol=2e-6)


def test_has_no_parameters():
    layer = instance_normalization()
    layer.build((None, 8, 8, 4))
    assert layer.weights == []


def test_does_not_couple_the_images_of_a_batch():
    images = np.random.default_rng(1).normal(size=(3, 4, 4, 2)).astype(np.float32)
    layer = instance_normalization()
    np.testing.assert_allclose(layer(images)[1:2], layer(images[1:2]), atol=1e-6)


def test_a_constant_image_becomes_zero_instead_of_nan():
    assert not np.any(instance_normalization()(np.full((1, 4, 4, 2), 7.0, np.float32)))


def test_computes_in_float32_on_bfloat16_input():
    # Values near 300 have steps of 2 in bfloat16: statistics in bfloat16 would lose the signal altogether.
    images = tf.cast(300.0 + np.random.default_rng(2).normal(size=(1, 16, 16, 2)), tf.bfloat16)
    layer = instance_normalization()
    output = layer(images)
    assert output.dtype == tf.float32
    # Keras 3 rounds the result, not the statistics, to the type of the input.
    np.testing.assert_allclose(output, layer(tf.cast(images, tf.float32)), rtol=2**-8, atol=2**-8)
