"""The paper's model: an improved alpha-WGAN-GP (Liang & Chen, section II, Eq. 3)."""

from collections.abc import Callable, Sequence
from functools import partial

import tensorflow as tf

from tfgan_thyroid import replicas
from tfgan_thyroid.losses.gradient_penalty import gradient_penalty, interpolate
from tfgan_thyroid.losses.reconstruction import l1_loss
from tfgan_thyroid.losses.spectral import mean_power_spectrum, spectral_loss
from tfgan_thyroid.models.auto_encoding_gan import AutoEncodingGAN
from tfgan_thyroid.models.random_draws import Purpose
from tfgan_thyroid.models.updates import Losses


class AlphaWGANGP(AutoEncodingGAN):
    """Two Wasserstein games: D judges what G makes, CD judges what E encodes.

    Each update has its own batch of real images and its own latents, and changes one network. All networks run with
    `training=True`; generated and reconstructed images are separate passes of G, whose batch statistics must not mix.

    Args:
        config: the run's configuration.
    """

    @property
    def update_order(self) -> Sequence[Callable[[tf.Tensor], Losses]]:
        """One iteration of the paper: CD, E, D, G."""
        return (
            self._update_code_discriminator,
            self._update_encoder,
            self._update_discriminator,
            self._update_generator,
        )

    def _update_code_discriminator(self, real_images: tf.Tensor) -> Losses:
        """`-E[CD(z_g)] + E[CD(z_r)] + lambda_1 GP(CD; z_r, z_g)`: to CD the sampled latents z_g are the real side."""
        latent_samples = self._draw_latents(Purpose.CODE_DISCRIMINATOR_LATENTS)
        encoded_latents = self.encoder(real_images, training=True)
        points = interpolate(latent_samples, encoded_latents, self._draw_seed(Purpose.CODE_PENALTY))
        critic = partial(self.code_discriminator, training=True)
        loss = self._loss_of("code_discriminator")
        with loss.part():
            # CD does not couple the examples of a batch: one pass for both kinds.
            sampled_scores, encoded_scores = tf.split(critic(tf.concat([latent_samples, encoded_latents], axis=0)), 2)
            loss.add("cd_sampled", -1.0, tf.reduce_mean(sampled_scores))
            loss.add("cd_encoded", 1.0, tf.reduce_mean(encoded_scores))
            loss.add("gp_code", self.config.penalty_weight, gradient_penalty(critic, points))
        return loss.minimize("cd_loss")

    def _update_encoder(self, real_images: tf.Tensor) -> Losses:
        """`-E[CD(E(x_r))]`; and an L1 term (option), which the paper does not have."""
        weight = self.config.encoder_reconstruction_weight
        loss = self._loss_of("encoder")
        with loss.part():
            encoded_latents = self.encoder(real_images, training=True)
            loss.add("e_encoded", -1.0, tf.reduce_mean(self.code_discriminator(encoded_latents, training=True)))
            if weight:
                loss.add("e_l1", weight, l1_loss(real_images, self.generator(encoded_latents, training=True)))
        return loss.minimize("e_loss")

    def _update_discriminator(self, real_images: tf.Tensor) -> Losses:
        """`-2 E[D(x_r)] + E[D(x_g)] + E[D(x_rec)] + lambda_1 (GP(D; x_r, x_g) + GP(D; x_r, x_rec))`."""
        generated_images = self.generator(self._draw_latents(Purpose.DISCRIMINATOR_LATENTS), training=True)
        reconstructed_images = self.generator(self.encoder(real_images, training=True), training=True)
        images = tf.concat([real_images, generated_images, reconstructed_images], axis=0)
        images = self._augment(images, Purpose.CRITIC_AUGMENTATION)
        real_images, generated_images, reconstructed_images = tf.split(images, 3)
        points = interpolate(real_images, generated_images, self._draw_seed(Purpose.GENERATED_PENALTY))
        other_points = interpolate(real_images, reconstructed_images, self._draw_seed(Purpose.RECONSTRUCTED_PENALTY))
        critic = partial(self.discriminator, training=True)
        loss = self._loss_of("discriminator")
        with loss.part():
            loss.add("d_real", -2.0, tf.reduce_mean(critic(real_images)))
        with loss.part():
            loss.add("d_generated", 1.0, tf.reduce_mean(critic(generated_images)))
        with loss.part():
            loss.add("d_reconstructed", 1.0, tf.reduce_mean(critic(reconstructed_images)))
        with loss.part():
            loss.add("d_gp_generated", self.config.penalty_weight, gradient_penalty(critic, points))
        if self.config.penalty_pairs == "both":
            with loss.part():
                loss.add("d_gp_reconstructed", self.config.penalty_weight, gradient_penalty(critic, other_points))
        losses = loss.minimize("d_loss")
        penalties = [value for name, value in losses.items() if name.startswith("d_gp_")]
        return {**losses, "gp_image": tf.add_n(penalties) / len(penalties)}

    def _update_generator(self, real_images: tf.Tensor) -> Losses:
        """`-E[D(x_g)] - E[D(x_rec)] + lambda_2 mean|x_r - x_rec|`; and a spectral term (option)."""
        c = self.config
        latent_samples = self._draw_latents(Purpose.GENERATOR_LATENTS)
        encoded_latents = self.encoder(real_images, training=True)
        loss = self._loss_of("generator")
        with loss.part():
            generated_images = self.generator(latent_samples, training=True)
            loss.add("g_generated", -1.0, self._score(generated_images, 0))
            if c.l1_target == "generated":  # the letter of Eq. 3
                loss.add("recon_l1", c.l1_weight, l1_loss(real_images, generated_images))
            if c.spectral_weight:
                powers = replicas.mean([mean_power_spectrum(images) for images in (real_images, generated_images)])
                loss.add("spectral", c.spectral_weight, spectral_loss(*powers))
        with loss.part():
            reconstructed_images = self.generator(encoded_latents, training=True)
            loss.add("g_reconstructed", -1.0, self._score(reconstructed_images, 1))
            if c.l1_target == "reconstructed":
                loss.add("recon_l1", c.l1_weight, l1_loss(real_images, reconstructed_images))
        return loss.minimize("g_loss")

    def _score(self, images: tf.Tensor, step: int) -> tf.Tensor:
        """`E[D(images)]` as G's update sees it, with an augmentation of its own for each step."""
        seen = self._augment(images, Purpose.GENERATOR_AUGMENTATION, step)
        return tf.reduce_mean(self.discriminator(seen, training=True))
