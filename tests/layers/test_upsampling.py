import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.layers.upsampling import UpsampleConv2D, fold_upsampling


def plain_form(images, kernel):
    """Nearest x2, then a 3x3 convolution: what the layer must equal."""
    upsampled = tf.repeat(tf.repeat(images, 2, axis=1), 2, axis=2)
    return tf.nn.conv2d(upsampled, kernel, strides=1, padding="SAME")


def random(*shape, seed=0):
    return tf.constant(np.random.default_rng(seed).normal(size=shape))


@pytest.mark.parametrize("shape", [(2, 4, 4, 3), (1, 5, 7, 2), (3, 1, 1, 4)])
def test_folded_kernel_equals_upsampling_then_convolution(shape):
    images, kernel = random(*shape), random(3, 3, shape[-1], 5, seed=1)
    output_shape = [shape[0], 2 * shape[1], 2 * shape[2], 5]
    folded = tf.nn.conv2d_transpose(images, fold_upsampling(kernel), output_shape, strides=2, padding="SAME")
    # The same sums in another order, in float64.
    np.testing.assert_allclose(folded, plain_form(images, kernel), rtol=0, atol=1e-13)


def test_folded_kernel_has_the_same_gradients():
    images, kernel, weights = random(2, 4, 4, 3), random(3, 3, 3, 5, seed=1), random(2, 8, 8, 5, seed=2)
    gradients = []
    for function in (plain_form, lambda x, k: tf.nn.conv2d_transpose(x, fold_upsampling(k), [2, 8, 8, 5], 2, "SAME")):
        with tf.GradientTape() as tape:
            tape.watch([images, kernel])
            loss = tf.reduce_sum(weights * function(images, kernel))
        gradients.append(tape.gradient(loss, [images, kernel]))
    for plain, folded in zip(*gradients, strict=True):
        np.testing.assert_allclose(folded, plain, rtol=0, atol=1e-12)


def test_a_delta_kernel_repeats_each_pixel_in_a_two_by_two_box():
    delta = np.zeros((3, 3, 1, 1))
    delta[1, 1] = 1.0
    images = tf.reshape(tf.range(4.0), [1, 2, 2, 1])
    layer = UpsampleConv2D(1, "zeros")
    layer.build((None, 2, 2, 1))
    layer.set_weights([delta])
    assert layer(images)[0, :, :, 0].numpy().tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]


def test_trained_parameter_is_the_three_by_three_kernel():
    layer = UpsampleConv2D(7, "zeros")
    layer.build((None, 4, 4, 3))
    assert [tuple(weight.shape) for weight in layer.trainable_weights] == [(3, 3, 3, 7)]


def test_layer_survives_its_configuration():
    layer = UpsampleConv2D(7, "he_uniform", name="up")
    copy = UpsampleConv2D.from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()
    assert copy.compute_output_shape((None, 4, 4, 3)) == (None, 8, 8, 7)


def test_mixed_precision_returns_bfloat16_near_the_float32_result():
    images = tf.cast(random(2, 4, 4, 3), tf.float32)
    layer = UpsampleConv2D(5, "he_uniform", dtype="mixed_bfloat16")
    output = layer(images)
    assert output.dtype == tf.bfloat16
    plain = plain_form(images, tf.convert_to_tensor(layer.get_weights()[0]))
    # bfloat16 keeps 8 bits: each of the factors and sums is off by up to 2^-8 of values of order one.
    np.testing.assert_allclose(tf.cast(output, tf.float32), plain, atol=0.1)
