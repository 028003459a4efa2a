"""WGAN-GP (Gulrajani et al. 2017; paper, Eq. 2), the paper's first baseline: the same D and G, without E and CD."""

from functools import partial

import tensorflow as tf

from tfgan_thyroid.losses.gradient_penalty import gradient_penalty, interpolate
from tfgan_thyroid.models.gan import GAN
from tfgan_thyroid.models.random_draws import Purpose
from tfgan_thyroid.models.updates import Losses


class WGANGP(GAN):
    """The game of `GAN` with a critic in place of the classifier: `critic_steps` updates of D, then one of G.

    Each step of D has its own batch of real images and its own latents.

    Args:
        config: the run's configuration.
    """

    def _update_discriminator(self, real_images: tf.Tensor, step: int = 0) -> Losses:
        """`-E[D(x_r)] + E[D(x_g)] + lambda GP(D; x_r, x_g)`."""
        generated_images = self.generator(self._draw_latents(Purpose.DISCRIMINATOR_LATENTS, step), training=True)
        images = tf.concat([real_images, generated_images], axis=0)
        images = self._augment(images, Purpose.CRITIC_AUGMENTATION, step)
        seen_real, seen_generated = tf.split(images, 2)
        points = interpolate(seen_real, seen_generated, self._draw_seed(Purpose.GENERATED_PENALTY, step))
        critic = partial(self.discriminator, training=True)
        loss = self._loss_of("discriminator")
        with loss.part():
            real_scores, generated_scores = tf.split(critic(images), 2)
            loss.add("d_real", -1.0, tf.reduce_mean(real_scores))
            loss.add("d_generated", 1.0, tf.reduce_mean(generated_scores))
            loss.add("gp_image", self.config.penalty_weight, gradient_penalty(critic, points))
        return loss.minimize("d_loss")

    def _update_generator(self) -> Losses:
        """`-E[D(x_g)]`."""
        latent_samples = self._draw_latents(Purpose.GENERATOR_LATENTS)
        loss = self._loss_of("generator")
        with loss.part():
            images = self._augment(self.generator(latent_samples, training=True), Purpose.GENERATOR_AUGMENTATION)
            loss.add("g_generated", -1.0, tf.reduce_mean(self.discriminator(images, training=True)))
        return loss.minimize("g_loss")
