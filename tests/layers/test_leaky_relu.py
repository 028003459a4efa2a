"""LeakyReLU against its definition, and its derivatives against TensorFlow's own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.layers.leaky_relu import LeakyReLU, leaky_relu

SLOPE = 0.2


@pytest.fixture
def inputs():
    values = np.random.default_rng(0).normal(size=(3, 4, 4, 2)).astype(np.float32)
    values[0, 0] = 0.0
    return tf.constant(values)


def test_values_are_the_definition(inputs):
    x = inputs.numpy()
    np.testing.assert_array_equal(leaky_relu(inputs, SLOPE), np.where(x > 0, x, np.float32(SLOPE) * x))


def derivatives(activate, inputs):
    """Of a penalty like the critic's: by the first layer's kernel, through the gradient by the inputs."""
    kernel = tf.random.stateless_normal([3, 3, 2, 4], [0, 0])
    with tf.GradientTape() as outer:
        outer.watch(kernel)
        with tf.GradientTape() as inner:
            inner.watch(inputs)
            scores = tf.reduce_sum(activate(tf.nn.conv2d(inputs, kernel, 1, "SAME")) ** 2)
        first = inner.gradient(scores, inputs)
        penalty = tf.reduce_mean((tf.norm(first) - 1.0) ** 2)
    return first, outer.gradient(penalty, kernel)


@pytest.mark.parametrize("wrap", [lambda f: f, tf.function], ids=["eager", "graph"])
def test_both_derivatives_are_those_of_tensorflow(inputs, wrap):
    ours = wrap(lambda x: derivatives(lambda y: leaky_relu(y, SLOPE), x))(inputs)
    plain = wrap(lambda x: derivatives(lambda y: tf.nn.leaky_relu(y, SLOPE), x))(inputs)
    for mine, theirs in zip(ours, plain, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


def test_the_derivative_at_zero_is_the_slope(inputs):
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = leaky_relu(inputs, SLOPE)
    expected = np.where(inputs.numpy() > 0, np.float32(1.0), np.float32(SLOPE))
    np.testing.assert_array_equal(tape.gradient(outputs, inputs), expected)


def test_in_bfloat16_the_output_alone_is_rounded(inputs):
    layer = LeakyReLU(SLOPE, dtype="mixed_bfloat16")
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs)
    assert outputs.dtype == tf.bfloat16
    np.testing.assert_array_equal(
        tf.cast(outputs, tf.float32), tf.cast(tf.cast(tf.nn.leaky_relu(inputs, SLOPE), tf.bfloat16), tf.float32)
    )
    gradient = tape.gradient(outputs, inputs)
    assert gradient.dtype == tf.float32
    np.testing.assert_array_equal(gradient, np.where(inputs.numpy() > 0, np.float32(1.0), np.float32(SLOPE)))


def test_a_layer_comes_back_from_its_configuration():
    layer = keras.layers.deserialize(keras.layers.serialize(LeakyReLU(SLOPE)))
    assert isinstance(layer, LeakyReLU) and layer.slope == SLOPE


def test_the_output_is_cast_for_a_derivative_when_its_turn_has_come_and_not_before():
    """TensorFlow runs what it can: a cast of the output alone would be made at once and wait in memory."""

    @tf.function
    def both(inputs):
        return derivatives(lambda x: leaky_relu(x, SLOPE, "bfloat16"), inputs)

    graph = both.get_concrete_function(tf.TensorSpec([3, 4, 4, 2])).graph
    features = [op.inputs[1].op for op in graph.get_operations() if op.type == "LeakyReluGrad"]
    assert len(features) >= 2
    for cast in features:
        assert cast.type == "Cast" and cast.control_inputs
