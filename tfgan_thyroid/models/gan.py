"""The first generative adversarial network (Goodfellow et al. 2014; paper, Eq. 1) on the paper's D and G."""

from functools import partial

import keras
import tensorflow as tf

from tfgan_thyroid.losses.adversarial import cross_entropy_as_fake, cross_entropy_as_real
from tfgan_thyroid.models import network_builders
from tfgan_thyroid.models.generative_model import GenerativeModel
from tfgan_thyroid.models.random_draws import Purpose
from tfgan_thyroid.models.updates import Losses


class GAN(GenerativeModel):
    """D separates real from generated images, G is trained to be taken for real: D, then G, in each iteration.

    It has no encoder, and so shows no reconstructions.

    Args:
        config: the run's configuration.
    """

    NETWORKS = {"discriminator": network_builders.discriminator, "generator": network_builders.generator}
    discriminator: keras.Model

    @property
    def real_batches(self) -> int:
        """One for each update of D, or one where they share it: G's update sees no real image."""
        return 1 if self.config.shared_batch else self.config.critic_steps

    def train_step(self, real_batches: tf.Tensor) -> Losses:
        """One training iteration: `critic_steps` updates of D (1, but in WGAN-GP), then one of G.

        Args:
            real_batches: float32 `[real_batches, N, H, W, C]` in [-1, 1].

        Returns:
            The losses of this iteration, and their terms, by their log names; D's are those of its last update.
        """
        steps = self.config.critic_steps
        batches = tf.unstack(tf.broadcast_to(real_batches, [steps, *real_batches.shape[1:]]))
        critic_updates = [partial(self._update_discriminator, images, step) for step, images in enumerate(batches)]
        return self._iterate(*critic_updates, self._update_generator)

    def _update_discriminator(self, real_images: tf.Tensor, step: int = 0) -> Losses:
        """`-E[log D(x_r)] - E[log(1 - D(x_g))]`."""
        generated_images = self.generator(self._draw_latents(Purpose.DISCRIMINATOR_LATENTS, step), training=True)
        images = tf.concat([real_images, generated_images], axis=0)
        images = self._augment(images, Purpose.CRITIC_AUGMENTATION, step)
        loss = self._loss_of("discriminator")
        with loss.part():
            real_scores, generated_scores = tf.split(self.discriminator(images, training=True), 2)
            loss.add("d_real", 1.0, cross_entropy_as_real(real_scores))
            loss.add("d_generated", 1.0, cross_entropy_as_fake(generated_scores))
        return loss.minimize("d_loss")

    def _update_generator(self) -> Losses:
        """`E[log(1 - D(x_g))]` as in Eq. 1 (`saturating`), or `-E[log D(x_g)]`."""
        latent_samples = self._draw_latents(Purpose.GENERATOR_LATENTS)
        loss = self._loss_of("generator")
        with loss.part():
            images = self._augment(self.generator(latent_samples, training=True), Purpose.GENERATOR_AUGMENTATION)
            scores = self.discriminator(images, training=True)
            if self.config.gan_loss == "saturating":
                loss.add("g_generated", -1.0, cross_entropy_as_fake(scores))
            else:
                loss.add("g_generated", 1.0, cross_entropy_as_real(scores))
        return loss.minimize("g_loss")
