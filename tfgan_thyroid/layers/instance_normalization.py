"""Instance normalization whose second derivative is right, as the gradient penalty needs."""

import keras
import tensorflow as tf

EPSILON = 1e-5


def normalize_instances(inputs: tf.Tensor, epsilon: float = EPSILON) -> tf.Tensor:
    """Gives each channel of each image zero mean and unit variance over its pixels.

    Written out, since `tf.nn.moments` must not be used here: it holds the mean constant inside the variance. That
    leaves the first derivative as it should be, but not the second, by which a gradient penalty trains the critic. The
    layers of tensorflow-addons and of Keras 3 stand on it.

    Args:
        inputs: `[N, H, W, C]` of a floating type.
        epsilon: added to the variance.

    Returns:
        The same shape and type.
    """
    centered = inputs - tf.reduce_mean(inputs, axis=[1, 2], keepdims=True)
    variance = tf.reduce_mean(centered * centered, axis=[1, 2], keepdims=True)
    return centered * tf.math.rsqrt(variance + epsilon)


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
