"""Minibatch statistics (Karras et al. 2018, section 3): a discriminator sees how much the images of a batch vary.

A generator that makes one image over and over is then found out at once.
"""

import keras
import tensorflow as tf

from tfgan_thyroid import replicas

VARIANCE_FLOOR = 1e-8
"""Keeps the square root differentiable where all examples are equal."""


def batch_deviation(maps: tf.Tensor) -> tf.Tensor:
    """Standard deviation over the global batch at each place of each channel, averaged over places and channels.

    Args:
        maps: `[N, H, W, C]` of a floating type.

    Returns:
        A float32 scalar; 0 where all examples are equal, but for the floor.
    """
    maps = tf.cast(maps, tf.float32)
    mean = replicas.mean(tf.reduce_mean(maps, axis=0))
    variance = replicas.mean(tf.reduce_mean(tf.square(maps - mean), axis=0))
    return tf.reduce_mean(tf.sqrt(variance + VARIANCE_FLOOR))


@keras.saving.register_keras_serializable("tfgan_thyroid")
class MinibatchStatistics(keras.layers.Layer):
    """Adds a channel that is `batch_deviation` everywhere.

    It couples the examples of a batch: pass batches of real and of generated images one by one.

    Call arguments:
        inputs: `[N, H, W, C]`; returns `[N, H, W, C + 1]`.
    """

    def call(self, inputs):
        deviation = tf.cast(batch_deviation(inputs), inputs.dtype)
        return tf.concat([inputs, tf.fill([*tf.unstack(tf.shape(inputs)[:3]), 1], deviation)], axis=-1)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (*input_shape[:3], input_shape[3] + 1)
