import sys
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.layers.instance_normalization import EPSILON, InstanceNormalization, normalize_instances


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def other_layer():
    """The stack's own layer of the same function: tensorflow-addons' below Python 3.12, Keras 3's above."""
    if sys.version_info >= (3, 12):
        return keras.layers.GroupNormalization(groups=-1, epsilon=EPSILON, center=False, scale=False)
    with warnings.catch_warnings():  # its end-of-life notice
        warnings.simplefilter("ignore", UserWarning)
        import tensorflow_addons as tfa
    return tfa.layers.InstanceNormalization(epsilon=EPSILON, center=False, scale=False)


def penalty_gradient(normalize, images, kernel):
    """What a gradient penalty does: the derivative by a kernel of the squared gradient by the images."""
    kernel = tf.convert_to_tensor(kernel)
    with tf.GradientTape() as outer:
        outer.watch(kernel)
        with tf.GradientTape() as inner:
            points = tf.convert_to_tensor(images)
            inner.watch(points)
            score = tf.reduce_sum(
                tf.tanh(normalize(points * kernel)) * tf.cast(random(*images.shape, seed=9), points.dtype)
            )
        penalty = tf.reduce_sum(inner.gradient(score, points) ** 2)
    return penalty, outer.gradient(penalty, kernel)


def test_equals_the_numpy_formula_for_each_image_and_channel():
    images = 3.0 + 2.0 * random(2, 5, 6, 3)
    mean, variance = images.mean(axis=(1, 2), keepdims=True), images.var(axis=(1, 2), keepdims=True)
    expected = (images - mean) / np.sqrt(variance + EPSILON)
    np.testing.assert_allclose(normalize_instances(tf.constant(images)), expected, atol=1e-12)


def test_the_second_derivative_equals_finite_differences():
    images, kernel, step = random(2, 4, 4, 3), 1.0 + 0.3 * random(1, 4, 4, 3, seed=1), 1e-5
    _, gradient = penalty_gradient(normalize_instances, images, kernel)
    for index in [(0, 0, 0, 0), (0, 1, 2, 1), (0, 3, 3, 2)]:
        nudge = np.zeros_like(kernel)
        nudge[index] = step
        above, below = (penalty_gradient(normalize_instances, images, kernel + s * nudge)[0] for s in (1, -1))
        assert float(gradient[index]) == pytest.approx(float(above - below) / (2 * step), rel=1e-6)


def test_values_and_first_derivatives_equal_the_other_implementation():
    images = tf.constant(random(2, 6, 6, 3), tf.float32)
    weights = tf.constant(random(2, 6, 6, 3, seed=1), tf.float32)
    results = []
    for layer in (InstanceNormalization(), other_layer()):
        with tf.GradientTape() as tape:
            tape.watch(images)
            output = layer(images)
            loss = tf.reduce_sum(output * weights)
        results.append((output, tape.gradient(loss, images)))
    for ours, others in zip(*results, strict=True):
        np.testing.assert_allclose(ours, others, atol=5e-6)


def test_the_other_implementation_still_has_a_wrong_second_derivative():
    """The reason for a layer of our own: when this fails, theirs can be taken."""
    images, kernel = (array.astype(np.float32) for array in (random(2, 4, 4, 3), random(1, 4, 4, 3, seed=1)))
    _, ours = penalty_gradient(InstanceNormalization(), images, kernel)
    _, others = penalty_gradient(other_layer(), images, kernel)
    assert np.abs(ours - others).max() > 0.01 * np.abs(ours).max()


def test_has_no_parameters_and_survives_its_configuration():
    layer = InstanceNormalization(name="norm")
    layer.build((None, 8, 8, 4))
    assert layer.weights == []
    assert InstanceNormalization.from_config(layer.get_config()).name == "norm"


def test_does_not_couple_the_images_of_a_batch():
    images = tf.constant(random(3, 4, 4, 2), tf.float32)
    layer = InstanceNormalization()
    np.testing.assert_allclose(layer(images)[1:2], layer(images[1:2]), atol=1e-6)


def test_a_constant_image_becomes_zero_instead_of_nan():
    assert not np.any(InstanceNormalization()(np.full((1, 4, 4, 2), 7.0, np.float32)))


def test_computes_in_float32_on_bfloat16_input():
    # Values near 300 have steps of 2 in bfloat16: statistics in bfloat16 would lose the signal altogether.
    images = tf.cast(300.0 + random(1, 16, 16, 2), tf.bfloat16)
    layer = InstanceNormalization(dtype="float32")
    assert layer(images).dtype == tf.float32
    np.testing.assert_array_equal(layer(images), layer(tf.cast(images, tf.float32)))


def test_no_derivative_fills_a_map_with_one_number():
    """Those of `tf.reduce_mean` would, and keep it."""

    @tf.function
    def both(inputs):
        with tf.GradientTape() as outer:
            outer.watch(inputs)
            with tf.GradientTape() as inner:
                inner.watch(inputs)
                outputs = normalize_instances(inputs)
            first = inner.gradient(outputs, inputs, output_gradients=tf.sin(outputs))
        return first, outer.gradient(first, inputs, output_gradients=tf.sin(first))

    def kinds(function):
        return {op.type for op in function.get_concrete_function(tf.TensorSpec([2, 8, 8, 3])).graph.get_operations()}

    plain = tf.function(lambda x: tf.gradients(tf.reduce_mean(x**2, axis=[1, 2]), x))
    assert kinds(plain) & {"Tile", "BroadcastTo"}
    assert "RsqrtGrad" in kinds(both)
    assert not kinds(both) & {"Tile", "BroadcastTo"}
