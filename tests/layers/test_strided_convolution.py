import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.layers.strided_convolution import StridedConv2D, strided_convolution


def convolution(images, kernel):
    return tf.nn.conv2d(images, kernel, strides=2, padding="SAME")


def random(*shape, seed=0):
    return tf.constant(np.random.default_rng(seed).normal(size=shape))


@pytest.mark.parametrize("shape", [(2, 8, 8, 3), (1, 2, 2, 5), (3, 4, 10, 1)])
def test_the_product_equals_the_convolution(shape):
    images, kernel = random(*shape), random(4, 4, shape[-1], 6, seed=1)
    # The same sums in another order, in float64.
    np.testing.assert_allclose(strided_convolution(images, kernel), convolution(images, kernel), rtol=0, atol=1e-12)


def test_first_and_second_derivatives_equal_the_convolutions():
    images, kernel, weights = random(2, 8, 8, 3), random(4, 4, 3, 6, seed=1), random(2, 4, 4, 6, seed=2)
    results = []
    for function in (convolution, strided_convolution):
        with tf.GradientTape() as outer:
            outer.watch([images, kernel])
            with tf.GradientTape() as inner:
                inner.watch(images)
                loss = tf.reduce_sum(weights * tf.tanh(function(images, kernel)))
            gradient = inner.gradient(loss, images)
            norm = tf.reduce_sum(gradient**2)
        results.append([gradient, *outer.gradient(norm, [images, kernel])])
    for plain, product in zip(*results, strict=True):
        np.testing.assert_allclose(product, plain, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_the_layer_has_the_weights_and_outputs_of_keras_conv2d(dtype):
    layer = StridedConv2D(6, "he_uniform", "ones", dtype=dtype)
    reference = keras.layers.Conv2D(6, 4, strides=2, padding="same", dtype=dtype)
    images = tf.cast(random(2, 8, 8, 3), tf.float32)
    layer.build((None, 8, 8, 3)), reference.build((None, 8, 8, 3))
    assert [tuple(w.shape) for w in layer.weights] == [tuple(w.shape) for w in reference.weights]
    reference.set_weights(layer.get_weights())
    tolerance = {"float32": 1e-5, "mixed_bfloat16": 0.1}[dtype]
    assert layer(images).dtype == reference(images).dtype
    np.testing.assert_allclose(
        tf.cast(layer(images), tf.float32), tf.cast(reference(images), tf.float32), atol=tolerance
    )


def test_the_layer_survives_its_configuration():
    layer = StridedConv2D(7, "he_uniform", name="down")
    copy = StridedConv2D.from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()
    assert copy.compute_output_shape((None, 8, 8, 3)) == (None, 4, 4, 7)
