import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.layers import batch_normalization
from tfgan_thyroid.layers.batch_normalization import (
    EPSILON,
    BatchNormalization,
    CriticBatchNormalization,
    measure_batch_statistics,
    normalization_dtype,
    normalize_batch,
)
from tfgan_thyroid.networks.generator import build_generator

SHAPES = [(6, 5), (6, 4, 4, 3)]
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=["vectors", "images"])


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def penalty_gradient(normalize, inputs, kernel):
    """What a gradient penalty does: the derivative by a kernel of the squared gradient by the inputs."""
    kernel = tf.convert_to_tensor(kernel)
    with tf.GradientTape() as outer:
        outer.watch(kernel)
        with tf.GradientTape() as inner:
            points = tf.convert_to_tensor(inputs)
            inner.watch(points)
            weights = tf.cast(random(*inputs.shape, seed=9), points.dtype)
            score = tf.reduce_sum(tf.tanh(normalize(points * kernel)) * weights)
        penalty = tf.reduce_sum(inner.gradient(score, points) ** 2)
    return penalty, outer.gradient(penalty, kernel)


@every_shape
def test_equals_the_numpy_formula_for_each_channel(shape):
    inputs = 3.0 + 2.0 * random(*shape)
    axes = tuple(range(len(shape) - 1))
    expected = (inputs - inputs.mean(axis=axes)) / np.sqrt(inputs.var(axis=axes) + EPSILON)
    np.testing.assert_allclose(normalize_batch(tf.constant(inputs)), expected, atol=1e-12)


@every_shape
def test_the_second_derivative_equals_finite_differences(shape):
    inputs, kernel, step = random(*shape), 1.0 + 0.3 * random(*shape, seed=1), 1e-5
    _, gradient = penalty_gradient(normalize_batch, inputs, kernel)
    for index in [tuple(0 for _ in shape), tuple(1 for _ in shape), tuple(size - 1 for size in shape)]:
        nudge = np.zeros_like(kernel)
        nudge[index] = step
        above, below = (penalty_gradient(normalize_batch, inputs, kernel + s * nudge)[0] for s in (1, -1))
        assert float(gradient[index]) == pytest.approx(float(above - below) / (2 * step), rel=1e-6)


@every_shape
def test_values_and_first_derivatives_equal_the_layer_of_keras(shape):
    inputs, weights = (tf.constant(random(*shape, seed=seed), tf.float32) for seed in (0, 1))
    results = []
    keras_layer = keras.layers.BatchNormalization(epsilon=EPSILON)
    for layer in (CriticBatchNormalization(), lambda x: keras_layer(x, training=True)):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs)
            loss = tf.reduce_sum(outputs * weights)
        results.append((outputs, tape.gradient(loss, inputs)))
    for ours, others in zip(*results, strict=True):
        np.testing.assert_allclose(ours, others, atol=5e-6)


def test_the_layer_of_keras_still_has_a_wrong_second_derivative_on_vectors():
    """The reason for a layer of our own: when this fails on both stacks, theirs can be taken."""
    inputs, kernel = (random(6, 5, seed=seed).astype(np.float32) for seed in (0, 1))
    layer = keras.layers.BatchNormalization(epsilon=EPSILON)
    _, ours = penalty_gradient(CriticBatchNormalization(), inputs, kernel)
    _, others = penalty_gradient(lambda x: layer(x, training=True), inputs, kernel)
    assert np.abs(ours - others).max() > 1e-3 * np.abs(ours).max()


def test_scale_and_shift_are_trained_from_one_and_zero_and_nothing_else_is_kept():
    layer = CriticBatchNormalization()
    layer.build((None, 4, 4, 3))
    assert [weight.numpy().tolist() for weight in layer.trainable_variables] == [[1.0] * 3, [0.0] * 3]
    assert layer.non_trainable_variables == []
    layer.gamma.assign([2.0, 3.0, 4.0])
    layer.beta.assign([-1.0, 0.0, 1.0])
    inputs = tf.constant(random(5, 4, 4, 3), tf.float32)
    np.testing.assert_allclose(layer(inputs), normalize_batch(inputs) * [2.0, 3.0, 4.0] + [-1.0, 0.0, 1.0], atol=1e-6)


def test_survives_its_configuration():
    assert CriticBatchNormalization.from_config(CriticBatchNormalization(name="norm").get_config()).name == "norm"


def test_couples_the_images_of_a_batch():
    images = tf.constant(random(3, 4, 4, 2), tf.float32)
    layer = CriticBatchNormalization()
    assert np.abs(layer(images)[1:2] - layer(images[1:2])).max() > 0.1


@every_shape
def test_a_constant_batch_becomes_zero_instead_of_nan(shape):
    assert not np.any(CriticBatchNormalization()(np.full(shape, 7.0, np.float32)))


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_measured_statistics_make_inference_what_training_is_on_the_same_inputs(dtype):
    network = build_generator(16, 1, 4, 6, dtype)
    inputs = tf.constant(3.0 * random(64, 6), tf.float32)
    trained = [weight.numpy().copy() for weight in network.trainable_variables]
    before = np.abs(network(inputs, training=False) - network(inputs, training=True)).max()
    measure_batch_statistics(network, inputs)
    measured = network(inputs, training=False)
    np.testing.assert_allclose(measured, network(inputs, training=True), atol=1e-5 if dtype == "float32" else 0.1)
    assert before > 0.2
    for old, weight in zip(trained, network.trainable_variables, strict=True):
        np.testing.assert_array_equal(old, weight)


def test_measured_statistics_of_the_first_layer_are_the_numpy_moments_of_its_inputs():
    network = build_generator(8, 1, 4, 6)
    inputs = tf.constant(random(50, 6), tf.float32)
    dense, normalization = network.layers[0], network.layers[2]
    values = (inputs.numpy() @ dense.get_weights()[0]).reshape(-1, normalization.moving_mean.shape[0])
    measure_batch_statistics(network, inputs)
    np.testing.assert_allclose(normalization.moving_mean, values.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(normalization.moving_variance, values.var(axis=0), rtol=1e-5)


def test_large_maps_are_measured_on_the_first_examples_alone(monkeypatch):
    inputs = tf.constant(random(50, 6), tf.float32)
    expected, network = build_generator(16, 1, 4, 6), build_generator(16, 1, 4, 6)
    layers = [i for i, layer in enumerate(network.layers) if isinstance(layer, BatchNormalization)]
    measure_batch_statistics(expected, inputs)
    monkeypatch.setattr(batch_normalization, "MEASURED_PIXELS", 50 * 4 * 4)
    monkeypatch.setattr(batch_normalization, "LEAST_EXAMPLES", 5)
    measure_batch_statistics(network, inputs)
    small, large = layers[0], layers[-1]
    np.testing.assert_array_equal(network.layers[small].moving_mean, expected.layers[small].moving_mean)
    maps = inputs[:12]  # 8x8 pixels: a quarter of 50
    for layer in network.layers[:large]:
        maps = layer(maps, training=False)
    np.testing.assert_allclose(network.layers[large].moving_mean, np.mean(maps, axis=(0, 1, 2)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", [BatchNormalization, keras.layers.BatchNormalization])
@pytest.mark.parametrize("channels", [4, 16])
def test_statistics_of_bfloat16_maps_sum_in_float32(kind, channels):
    """A sum in bfloat16 would stop growing after 256 of these 8,192 pixels."""
    maps = tf.cast(tf.constant(3.0 + 2.0 * random(2, 64, 64, channels), tf.float32), tf.bfloat16)
    layer = kind(momentum=0.0, epsilon=1e-5, dtype=normalization_dtype(channels, "mixed_bfloat16"))
    layer(maps, training=True)
    values = np.asarray(tf.cast(maps, tf.float64))
    np.testing.assert_allclose(layer.moving_mean, values.mean((0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, values.var((0, 1, 2)), rtol=5e-4)
