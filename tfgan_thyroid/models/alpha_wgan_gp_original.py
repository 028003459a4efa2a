"""alpha-WGAN-GP as first published (Kwon et al. 2019), the paper's second baseline, in two dimensions."""

from collections.abc import Callable, Sequence
from functools import partial

import tensorflow as tf

from tfgan_thyroid.layers.batch_normalization import CriticBatchNormalization
from tfgan_thyroid.losses.gradient_penalty import gradient_penalty, interpolate
from tfgan_thyroid.losses.reconstruction import l1_loss
from tfgan_thyroid.models import network_builders
from tfgan_thyroid.models.auto_encoding_gan import AutoEncodingGAN
from tfgan_thyroid.models.random_draws import Purpose
from tfgan_thyroid.models.updates import Losses


class AlphaWGANGPOriginal(AutoEncodingGAN):
    """The paper's game with batch normalization in D and CD, and with E and G updated together on one loss.

    Each update has its own batch of real images and its own latents.

    Batch normalization couples the images of a batch. So each kind of image goes through D by itself, and the gradient
    that a penalty reads at one point is that of the whole batch's scores: not the per-example quantity that WGAN-GP
    penalises. That is what the original does, and what the paper holds against it.

    Args:
        config: the run's configuration.
    """

    NETWORKS = {
        **AutoEncodingGAN.NETWORKS,
        "code_discriminator": partial(network_builders.code_discriminator, normalization=CriticBatchNormalization),
        "discriminator": partial(network_builders.discriminator, normalization=CriticBatchNormalization),
    }

    @property
    def update_order(self) -> Sequence[Callable[[tf.Tensor], Losses]]:
        """E with G, then D, then CD."""
        return self._update_encoder_and_generator, self._update_discriminator, self._update_code_discriminator

    def _update_encoder_and_generator(self, real_images: tf.Tensor) -> Losses:
        """`-E[D(x_g)] - E[D(x_rec)] - E[CD(z_r)] + lambda_2 mean|x_r - x_rec|`."""
        latent_samples = self._draw_latents(Purpose.GENERATOR_LATENTS)
        critic = partial(self.discriminator, training=True)
        loss = self._loss_of("encoder", "generator")
        with loss.part():
            encoded_latents = self.encoder(real_images, training=True)
            generated_images = self.generator(latent_samples, training=True)
            reconstructed_images = self.generator(encoded_latents, training=True)
            images = tf.concat([generated_images, reconstructed_images], axis=0)
            seen_generated, seen_reconstructed = tf.split(self._augment(images, Purpose.GENERATOR_AUGMENTATION), 2)
            loss.add("eg_generated", -1.0, tf.reduce_mean(critic(seen_generated)))
            loss.add("eg_reconstructed", -1.0, tf.reduce_mean(critic(seen_reconstructed)))
            loss.add("eg_encoded", -1.0, tf.reduce_mean(self.code_discriminator(encoded_latents, training=True)))
            loss.add("recon_l1", self.config.l1_weight, l1_loss(real_images, reconstructed_images))
        return loss.minimize("eg_loss")

    def _update_discriminator(self, real_images: tf.Tensor) -> Losses:
        """`E[D(x_g)] + E[D(x_rec)] - 2 E[D(x_r)] + lambda_1 (GP(D; x_r, x_g) + GP(D; x_r, x_rec))`."""
        generated_images = self.generator(self._draw_latents(Purpose.DISCRIMINATOR_LATENTS), training=True)
        reconstructed_images = self.generator(self.encoder(real_images, training=True), training=True)
        images = tf.concat([real_images, generated_images, reconstructed_images], axis=0)
        images = self._augment(images, Purpose.CRITIC_AUGMENTATION)
        real_images, generated_images, reconstructed_images = tf.split(images, 3)
        points = [interpolate(real_images, generated_images, self._draw_seed(Purpose.GENERATED_PENALTY))]
        if self.config.penalty_pairs == "both":
            seed = self._draw_seed(Purpose.RECONSTRUCTED_PENALTY)
            points.append(interpolate(real_images, reconstructed_images, seed))
        critic = partial(self.discriminator, training=True)
        loss = self._loss_of("discriminator")
        with loss.part():
            real_scores, generated_scores, reconstructed_scores = map(
                critic, (real_images, generated_images, reconstructed_images)
            )
            loss.add("d_generated", 1.0, tf.reduce_mean(generated_scores))
            loss.add("d_reconstructed", 1.0, tf.reduce_mean(reconstructed_scores))
            loss.add("d_real", -2.0, tf.reduce_mean(real_scores))
            penalties = [gradient_penalty(critic, pair) for pair in points]
            weight = len(penalties) * self.config.penalty_weight
            loss.add("gp_image", weight, tf.add_n(penalties) / len(penalties))
        return loss.minimize("d_loss")

    def _update_code_discriminator(self, real_images: tf.Tensor) -> Losses:
        """`E[CD(z_r)] - E[CD(z_g)] + lambda_1 GP(CD; z_r, z_g)`."""
        latent_samples = self._draw_latents(Purpose.CODE_DISCRIMINATOR_LATENTS)
        encoded_latents = self.encoder(real_images, training=True)
        points = interpolate(latent_samples, encoded_latents, self._draw_seed(Purpose.CODE_PENALTY))
        critic = partial(self.code_discriminator, training=True)
        loss = self._loss_of("code_discriminator")
        with loss.part():
            sampled_scores, encoded_scores = critic(latent_samples), critic(encoded_latents)
            loss.add("cd_encoded", 1.0, tf.reduce_mean(encoded_scores))
            loss.add("cd_sampled", -1.0, tf.reduce_mean(sampled_scores))
            loss.add("gp_code", self.config.penalty_weight, gradient_penalty(critic, points))
        return loss.minimize("cd_loss")
