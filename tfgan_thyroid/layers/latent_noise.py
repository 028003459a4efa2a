"""White noise for a generator's maps, drawn by the latent: speckle is random, and 256 numbers cannot hold it.

StyleGAN (Karras et al. 2019, section 3.2) draws such noise anew in each pass. Here it is a function of the signs of the
latent alone: one latent has one image, in training as in serving, whatever else is in the batch, and whatever positive
number the latent is multiplied by.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

PRIME = 2**31 - 1
"""Of the hash, whose products then fit into int64."""
ROUNDS = ((1_103_515_245, 12_345), (48_271, 1_013_904_223), (69_621, 362_437))
"""Multipliers and increments, from well-known generators of random numbers; each round also folds high bits in."""


def latent_noise(latents: tf.Tensor, size: int, stream: int) -> tf.Tensor:
    """Standard normal noise, independent from pixel to pixel, latent to latent and stream to stream.

    A hash of the pixel's place and a key, the sum of fixed random numbers over the positive entries of the latent.

    Args:
        latents: `[N, latent_size]` of a floating type; of it only the signs count.
        size: height and width in pixels.
        stream: 0, 1, ...: another one gives other noise.

    Returns:
        float32 `[N, size, size, 1]`, constant to any tape.
    """
    random = np.random.default_rng(stream).integers(PRIME, size=int(latents.shape[-1]))
    keys = tf.reduce_sum(tf.cast(latents > 0, tf.int64) * tf.constant(random), axis=-1)
    places = tf.reshape(tf.range(1, size * size + 1, dtype=tf.int64), [size, size, 1])
    values = (keys[:, tf.newaxis, tf.newaxis, tf.newaxis] + places * ROUNDS[0][0]) % PRIME
    for factor, increment in ROUNDS:
        values = tf.bitwise.bitwise_xor(values, tf.bitwise.right_shift(values, tf.constant(15, tf.int64)))
        values = (values * factor + increment) % PRIME
    uniform = (tf.cast(values, tf.float64) + 0.5) / PRIME
    return tf.cast(tf.math.ndtri(uniform), tf.float32)


@keras.saving.register_keras_serializable("tfgan_thyroid")
class LatentNoise(keras.layers.Layer):
    """Adds `latent_noise` to square maps, times a trained weight of each channel.

    Args:
        stream: 0, 1, ...: another one gives other noise.
        start: initial value of the weights.

    Call arguments:
        inputs: maps `[N, S, S, C]` and the latents `[N, latent_size]` that they come of; returns `[N, S, S, C]`.
    """

    def __init__(self, stream: int, start: float = 0.1, **kwargs: Any) -> None:
        super().__init__(autocast=False, **kwargs)
        self.stream = stream
        self.start = start

    def build(self, input_shape):
        initializer = keras.initializers.Constant(self.start)
        self.scale = self.add_weight(name="scale", shape=(int(input_shape[0][-1]),), initializer=initializer)
        super().build(input_shape)

    def call(self, inputs):
        maps, latents = inputs
        noise = latent_noise(latents, int(maps.shape[1]), self.stream)
        return maps + tf.cast(noise, maps.dtype) * tf.cast(self.scale, maps.dtype)

    def compute_output_shape(self, input_shape: list) -> tuple:
        return input_shape[0]

    def get_config(self):
        return {**super().get_config(), "stream": self.stream, "start": self.start}
