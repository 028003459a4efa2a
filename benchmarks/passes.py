"""Where an iteration's time goes: its updates, and the parts of D's, each timed as a graph of its own."""

import statistics
import time
from collections.abc import Callable

import tensorflow as tf

from benchmarks.arithmetic import UPDATE_PASSES
from tfgan_thyroid.losses.gradient_penalty import gradient_penalty
from tfgan_thyroid.models.alpha_wgan_gp import AlphaWGANGP

REPETITIONS = 5


def time_passes(model: AlphaWGANGP, real_images: tf.Tensor) -> dict[str, float]:
    """Seconds of each of `UPDATE_PASSES`, the median of five.

    The updates really change the model. A part of D's update stands alone: its images are noise (shifted, so that no
    two summands are one to the graph's optimizer) and its gradients are thrown away, so that the parts leave out Adam.
    """
    parts: dict[str, Callable[[], object]] = {
        "CD": lambda: model._update_code_discriminator(real_images),
        "E": lambda: model._update_encoder(real_images),
        "D: images": lambda: _images(model, real_images),
        "D: critic": lambda: [_critic_gradients(model, real_images + shift) for shift in (0.0, 0.1, 0.2)],
        "D: penalties": lambda: [_penalty_gradients(model, real_images + shift) for shift in (0.0, 0.1)],
        "D": lambda: model._update_discriminator(real_images),
        "G": lambda: model._update_generator(real_images),
    }
    return {name: _median_seconds(parts[name]) for name in UPDATE_PASSES}


def _images(model: AlphaWGANGP, real_images: tf.Tensor) -> list[tf.Tensor]:
    latents = tf.random.stateless_normal([len(real_images), model.config.latent_size], [0, 0])
    encoded = model.encoder(real_images, training=True)
    return [model.generator(latents, training=True), model.generator(encoded, training=True)]


def _critic_gradients(model: AlphaWGANGP, images: tf.Tensor) -> list[tf.Tensor | None]:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model.discriminator(images, training=True))
    return tape.gradient(loss, model.discriminator.trainable_variables)


def _penalty_gradients(model: AlphaWGANGP, points: tf.Tensor) -> list[tf.Tensor | None]:
    with tf.GradientTape() as tape:
        penalty = gradient_penalty(lambda x: model.discriminator(x, training=True), points)
    return tape.gradient(penalty, model.discriminator.trainable_variables)


def _median_seconds(part: Callable[[], object]) -> float:
    graph = tf.function(part, autograph=False)
    graph()
    seconds = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        graph()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)
