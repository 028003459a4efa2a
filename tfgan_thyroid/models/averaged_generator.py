"""The averaged generator: an exponential moving average of the trained generator's weights, better to sample from."""

import keras
import tensorflow as tf

from tfgan_thyroid.config import Config
from tfgan_thyroid.layers.batch_normalization import measure_batch_statistics
from tfgan_thyroid.models.random_draws import STATISTICS_LATENTS

STATISTICS_IMAGES = 256
"""Generated images that batch statistics are measured on."""


def update_average(average: keras.Model, generator: keras.Model, decay: float, iteration: tf.Variable) -> None:
    """Moves the average towards the trained generator, weights and moving statistics alike.

    Args:
        average: the averaged generator.
        generator: the trained one.
        decay: the final one; it rises by `(1 + t) / (10 + t)`, so that the average forgets the initial values.
        iteration: t, the number of finished iterations.
    """
    step = tf.cast(iteration, tf.float32)
    decay = tf.minimum(decay, (1.0 + step) / (10.0 + step))
    for mean, value in zip(average.variables, generator.variables, strict=True):
        mean.assign(mean + (1.0 - decay) * (value - mean))


def measure_average(average: keras.Model, config: Config) -> None:
    """Sets the batch statistics of the averaged generator to those of its own weights, on drawn latents."""
    seed = tf.constant([STATISTICS_LATENTS, config.seed], tf.int64)
    latents = tf.random.stateless_normal([STATISTICS_IMAGES, config.latent_size], seed)
    measure_batch_statistics(average, latents)
