"""alpha-GAN (Rosca et al. 2017, Algorithm 1), which the paper's model descends from, on the paper's networks."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from tfgan_thyroid.losses.adversarial import cross_entropy_as_fake, cross_entropy_as_real
from tfgan_thyroid.losses.reconstruction import l1_loss
from tfgan_thyroid.models.auto_encoding_gan import AutoEncodingGAN
from tfgan_thyroid.models.random_draws import Purpose
from tfgan_thyroid.models.updates import Losses


class AlphaGAN(AutoEncodingGAN):
    """Two logistic games, D against G and CD against E, and an L1 term that reaches both E and G.

    Each update has its own batch of real images and its own latents, and changes one network. E and G maximise
    `log(D / (1 - D))`, an estimate of the log ratio of the real to the fake density: it is the mean score.

    Args:
        config: the run's configuration.
    """

    @property
    def update_order(self) -> Sequence[Callable[[tf.Tensor], Losses]]:
        """E, G, D, CD."""
        return (
            self._update_encoder,
            self._update_generator,
            self._update_discriminator,
            self._update_code_discriminator,
        )

    def _update_encoder(self, real_images: tf.Tensor) -> Losses:
        """`E[log(1 - CD(z_r)) - log CD(z_r)] + lambda mean|x_r - x_rec|`."""
        loss = self._loss_of("encoder")
        with loss.part():
            encoded_latents = self.encoder(real_images, training=True)
            scores = self.code_discriminator(encoded_latents, training=True)
            reconstructed_images = self.generator(encoded_latents, training=True)
            loss.add("e_encoded", -1.0, tf.reduce_mean(scores))
            loss.add("e_l1", self.config.l1_weight, l1_loss(real_images, reconstructed_images))
        return loss.minimize("e_loss")

    def _update_generator(self, real_images: tf.Tensor) -> Losses:
        """`sum over x_g and x_rec of E[log(1 - D(x)) - log D(x)]`, and `lambda mean|x_r - x_rec|`."""
        latent_samples = self._draw_latents(Purpose.GENERATOR_LATENTS)
        encoded_latents = self.encoder(real_images, training=True)
        loss = self._loss_of("generator")
        with loss.part():
            generated_images = self.generator(latent_samples, training=True)
            reconstructed_images = self.generator(encoded_latents, training=True)
            images = tf.concat([generated_images, reconstructed_images], axis=0)
            images = self._augment(images, Purpose.GENERATOR_AUGMENTATION)
            generated_scores, reconstructed_scores = tf.split(self.discriminator(images, training=True), 2)
            loss.add("g_generated", -1.0, tf.reduce_mean(generated_scores))
            loss.add("g_reconstructed", -1.0, tf.reduce_mean(reconstructed_scores))
            loss.add("recon_l1", self.config.l1_weight, l1_loss(real_images, reconstructed_images))
        return loss.minimize("g_loss")

    def _update_discriminator(self, real_images: tf.Tensor) -> Losses:
        """`-2 E[log D(x_r)] - E[log(1 - D(x_g))] - E[log(1 - D(x_rec))]`."""
        generated_images = self.generator(self._draw_latents(Purpose.DISCRIMINATOR_LATENTS), training=True)
        reconstructed_images = self.generator(self.encoder(real_images, training=True), training=True)
        images = tf.concat([real_images, generated_images, reconstructed_images], axis=0)
        images = self._augment(images, Purpose.CRITIC_AUGMENTATION)
        loss = self._loss_of("discriminator")
        with loss.part():
            real_scores, generated_scores, reconstructed_scores = tf.split(self.discriminator(images, training=True), 3)
            loss.add("d_real", 2.0, cross_entropy_as_real(real_scores))
            loss.add("d_generated", 1.0, cross_entropy_as_fake(generated_scores))
            loss.add("d_reconstructed", 1.0, cross_entropy_as_fake(reconstructed_scores))
        return loss.minimize("d_loss")

    def _update_code_discriminator(self, real_images: tf.Tensor) -> Losses:
        """`-E[log CD(z_g)] - E[log(1 - CD(z_r))]`: to CD the sampled latents z_g are the real side."""
        latent_samples = self._draw_latents(Purpose.CODE_DISCRIMINATOR_LATENTS)
        encoded_latents = self.encoder(real_images, training=True)
        latents = tf.concat([latent_samples, encoded_latents], axis=0)
        loss = self._loss_of("code_discriminator")
        with loss.part():
            sampled_scores, encoded_scores = tf.split(self.code_discriminator(latents, training=True), 2)
            loss.add("cd_sampled", 1.0, cross_entropy_as_real(sampled_scores))
            loss.add("cd_encoded", 1.0, cross_entropy_as_fake(encoded_scores))
        return loss.minimize("cd_loss")
