import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.layers.minibatch_statistics import VARIANCE_FLOOR, MinibatchStatistics, batch_deviation


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_the_deviation_equals_numpy():
    maps = 3.0 * random(6, 4, 4, 5)
    assert float(batch_deviation(tf.constant(maps))) == pytest.approx(maps.std(axis=0).mean(), rel=1e-5)


def test_equal_examples_have_no_deviation_and_a_finite_gradient():
    maps = tf.constant(np.repeat(random(1, 4, 4, 3), 5, axis=0))
    with tf.GradientTape() as tape:
        tape.watch(maps)
        deviation = batch_deviation(maps)
    assert float(deviation) == pytest.approx(VARIANCE_FLOOR**0.5, rel=1e-3)
    assert np.isfinite(tape.gradient(deviation, maps)).all()


def test_the_second_derivative_equals_finite_differences():
    """R1 differentiates the layer twice."""
    maps, direction, step = random(3, 2, 2, 2).astype(np.float64), random(3, 2, 2, 2, seed=1), 1e-2

    def gradient(at):
        at = tf.constant(at, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(at)
            value = batch_deviation(at)
        return tape.gradient(value, at).numpy().astype(np.float64)

    point = tf.constant(maps, tf.float32)
    with tf.GradientTape() as outer:
        outer.watch(point)
        with tf.GradientTape() as inner:
            inner.watch(point)
            value = batch_deviation(point)
        along = tf.reduce_sum(inner.gradient(value, point) * direction)
    expected = (gradient(maps + step * direction) - gradient(maps - step * direction)) / (2.0 * step)
    np.testing.assert_allclose(outer.gradient(along, point), expected, atol=3e-4)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_the_layer_adds_one_channel_and_changes_no_other(dtype):
    layer, maps = MinibatchStatistics(dtype=dtype), tf.constant(random(4, 3, 5, 2))
    outputs = layer(maps)
    assert outputs.shape == (4, 3, 5, 3) == layer.compute_output_shape((4, 3, 5, 2))
    np.testing.assert_array_equal(outputs[..., :2], tf.cast(maps, outputs.dtype))
    tolerance = 1e-5 if dtype == "float32" else 1e-2
    np.testing.assert_allclose(tf.cast(outputs[..., 2], tf.float32), maps.numpy().std(axis=0).mean(), rtol=tolerance)


def test_the_layer_survives_its_configuration():
    layer = MinibatchStatistics(name="statistics")
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    maps = random(4, 3, 5, 2)
    np.testing.assert_array_equal(layer(maps), again(maps))
