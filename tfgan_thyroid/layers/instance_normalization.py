"""Instance normalization whose second derivative is right, as the gradient penalty needs."""

from typing import Any

import keras
import tensorflow as tf

EPSILON = 1e-5


def normalize_instances(inputs: tf.Tensor, epsilon: float = EPSILON) -> tf.Tensor:
    """Gives each channel of each image zero mean and unit variance over its pixels.

    Written out, since `tf.nn.moments` must not be used here: it holds the mean constant inside the variance. That
    leaves the first derivative as it should be, but not the second, by which a gradient penalty trains the critic. The
    layers of tensorflow-addons and of Keras 3 stand on it.

    The steps below know their derivatives; those of `tf.reduce_mean` would fill whole maps with one number.

    Args:
        inputs: `[N, H, W, C]` of a floating type, H and W known.
        epsilon: added to the variance.

    Returns:
        The same shape and type.
    """
    centered = _centered(inputs)
    return _scaled(centered, tf.math.rsqrt(_mean_square(centered) + epsilon))


@tf.custom_gradient
def _centered(maps: tf.Tensor) -> tuple[tf.Tensor, Any]:
    """Each map less its mean: a projection, which is its own derivative."""
    return maps - tf.reduce_mean(maps, axis=[1, 2], keepdims=True), _centered


@tf.custom_gradient
def _mean_square(maps: tf.Tensor) -> tuple[tf.Tensor, Any]:
    pixels = int(maps.shape[1]) * int(maps.shape[2])
    return _products(maps, maps) / pixels, lambda upstream: (2.0 / pixels * upstream) * maps


@tf.custom_gradient
def _scaled(maps: tf.Tensor, scales: tf.Tensor) -> tuple[tf.Tensor, Any]:
    return maps * scales, lambda upstream: (upstream * scales, _products(upstream, maps))


@tf.custom_gradient
def _products(maps: tf.Tensor, others: tf.Tensor) -> tuple[tf.Tensor, Any]:
    """The scalar product of each map with its other: `[N, 1, 1, C]`."""
    products = tf.reduce_sum(maps * others, axis=[1, 2], keepdims=True)
    return products, lambda upstream: (upstream * others, upstream * maps)


@keras.saving.register_keras_serializable("tfgan_thyroid")
class InstanceNormalization(keras.layers.Layer):
    """`normalize_instances` as a layer: no affine parameters, epsilon 1e-5 as in PyTorch's `InstanceNorm2d`.

    The paper uses it in layers 2 to 6 of the discriminator, since batch normalization couples the images of a batch
    and breaks the per-example gradient penalty. Give it `dtype="float32"` under mixed precision.

    Call arguments:
        inputs: `[N, H, W, C]`; returns the same shape.
    """

    def call(self, inputs):
        return normalize_instances(inputs)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape
