"""Batch normalization for a critic, whose second derivative is right, as the gradient penalty needs."""

import keras
import tensorflow as tf

from tfgan_thyroid.layers.instance_normalization import EPSILON


def normalize_batch(inputs: tf.Tensor, epsilon: float = EPSILON) -> tf.Tensor:
    """Gives each channel zero mean and unit variance over the batch and, in an image, its pixels.

    Written out for the reason that `normalize_instances` tells. Keras 3's layer, and that of Keras 2.15 on vectors and
    in float64, stand on `tf.nn.moments`; only Keras 2.15's fused kernel differentiates twice as it should.

    Args:
        inputs: `[N, C]` or `[N, H, W, C]` of a floating type.
        epsilon: added to the variance.

    Returns:
        The same shape and type.
    """
    axes = list(range(len(inputs.shape) - 1))
    centered = inputs - tf.reduce_mean(inputs, axis=axes, keepdims=True)
    variance = tf.reduce_mean(centered * centered, axis=axes, keepdims=True)
    return centered * tf.math.rsqrt(variance + epsilon)


@keras.saving.register_keras_serializable("tfgan_thyroid")
class CriticBatchNormalization(keras.layers.Layer):
    """`normalize_batch`, then a scale and a shift for each channel, which start at 1 and 0.

    It keeps no moving statistics: a critic is used in training alone, and there batch normalization goes by the batch.
    Give it `dtype="float32"` under mixed precision.

    Call arguments:
        inputs: `[N, C]` or `[N, H, W, C]`; returns the same shape.
    """

    def build(self, input_shape):
        shape = (int(input_shape[-1]),)
        self.gamma = self.add_weight(name="gamma", shape=shape, initializer="ones")
        self.beta = self.add_weight(name="beta", shape=shape, initializer="zeros")
        super().build(input_shape)

    def call(self, inputs):
        return normalize_batch(inputs) * self.gamma + self.beta

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape
