import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.layers.upsampling import UpsampleConv2D, upsample_convolution


def plain_form(images, kernel):
    """Nearest x2, then a 3x3 convolution: what the function must equal."""
    upsampled = tf.repeat(tf.repeat(images, 2, axis=1), 2, axis=2)
    return tf.nn.conv2d(upsampled, kernel, strides=1, padding="SAME")


def smooth_form(images, kernel):
    """Zeros inserted, [1 3 3 1] / 4 along both axes, then the 3x3 convolution: all with zeros far around the images."""
    batch, height, width, channels = images.shape
    wide = np.zeros((batch, 2 * height + 8, 2 * width + 8, channels))
    wide[:, 4:-4:2, 4:-4:2] = images
    for axis in (1, 2):
        wide = sum(w * np.roll(wide, shift, axis) for w, shift in ((0.25, -1), (0.75, 0), (0.75, 1), (0.25, 2)))
    return tf.nn.conv2d(wide, kernel, strides=1, padding="SAME")[:, 4:-4, 4:-4]


def random(*shape, seed=0):
    return tf.constant(np.random.default_rng(seed).normal(size=shape))


# Both forms: matrix products up to 16 pixels, sums over boxes above.
SHAPES = [(2, 4, 4, 3), (1, 5, 7, 2), (3, 1, 1, 4), (2, 2, 5, 1), (1, 8, 8, 2)]


@pytest.mark.parametrize("shape", SHAPES)
def test_equals_upsampling_then_convolution(shape):
    images, kernel = random(*shape), random(3, 3, shape[-1], 5, seed=1)
    # The same sums in another order, in float64.
    np.testing.assert_allclose(upsample_convolution(images, kernel), plain_form(images, kernel), rtol=0, atol=1e-13)


@pytest.mark.parametrize("shape", SHAPES)
def test_smooth_upsampling_equals_interpolation_then_convolution(shape):
    images, kernel = random(*shape), random(3, 3, shape[-1], 5, seed=1)
    smooth = upsample_convolution(images, kernel, smooth=True)
    np.testing.assert_allclose(smooth, smooth_form(images, kernel), rtol=0, atol=1e-13)


def test_smooth_upsampling_keeps_a_plane_a_plane():
    rows = np.arange(6.0)[:, np.newaxis] + np.zeros(6)
    delta = np.zeros((3, 3, 1, 1))
    delta[1, 1] = 1.0
    between = upsample_convolution(tf.constant(rows[np.newaxis, ..., np.newaxis]), tf.constant(delta), smooth=True)
    expected = np.arange(12.0) / 2.0 - 0.25
    np.testing.assert_allclose(between[0, 2:-2, 6, 0], expected[2:-2], atol=1e-13)


@pytest.mark.parametrize("shape", SHAPES)
def test_has_the_same_gradients(shape):
    batch, height, width, channels = shape
    images, kernel, weights = random(*shape), random(3, 3, channels, 5, seed=1), random(batch, 2 * height, 2 * width, 5)
    gradients = []
    for function in (plain_form, upsample_convolution):
        with tf.GradientTape() as tape:
            tape.watch([images, kernel])
            loss = tf.reduce_sum(weights * function(images, kernel))
        gradients.append(tape.gradient(loss, [images, kernel]))
    for plain, ours in zip(*gradients, strict=True):
        np.testing.assert_allclose(ours, plain, rtol=0, atol=1e-12)


def test_the_batch_may_be_unknown_when_the_graph_is_made():
    kernel = random(3, 3, 2, 3)
    for size in (4, 6):
        signature = [tf.TensorSpec([None, size, size, 2], tf.float64), tf.TensorSpec(kernel.shape, tf.float64)]
        graph = tf.function(upsample_convolution, input_signature=signature)
        images = random(3, size, size, 2)
        np.testing.assert_allclose(graph(images, kernel), plain_form(images, kernel), rtol=0, atol=1e-13)


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
    layer = UpsampleConv2D(7, "he_uniform", smooth=True, name="up")
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
