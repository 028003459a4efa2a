"""alpha-WGAN-GP as first published (Kwon et al. 2019), the paper's second baseline, in two dimensions."""

import keras
import tensorflow as tf

from tfgan_thyroid.config import Config
from tfgan_thyroid.layers.batch_normalization import CriticBatchNormalization
from tfgan_thyroid.losses.adversarial import wasserstein_adversary_loss, wasserstein_critic_loss
from tfgan_thyroid.losses.gradient_penalty import gradient_penalty, interpolate
from tfgan_thyroid.losses.reconstruction import l1_loss
from tfgan_thyroid.models.auto_encoding_gan import AutoEncodingGAN
from tfgan_thyroid.models.random_draws import Purpose
from tfgan_thyroid.networks.code_discriminator import build_code_discriminator
from tfgan_thyroid.networks.discriminator import build_discriminator


class AlphaWGANGPOriginal(AutoEncodingGAN):
    """The paper's game with batch normalization in D and CD, and with E and G updated together on one loss.

    One iteration updates E with G, then D, then CD, each on its own batch of real images and its own latents.

    Batch normalization couples the images of a batch. So each kind of image goes through D by itself, and the gradient
    that a penalty reads at one point is that of the whole batch's scores: not the per-example quantity that WGAN-GP
    penalises. That is what the original does, and what the paper holds against it.

    Args:
        config: the run's configuration.
    """

    real_updates = 3

    def _build_discriminator(self, config: Config) -> keras.Model:
        c = config
        shape = (c.image_size, c.channels, c.width)
        return build_discriminator(*shape, c.precision, seed=c.seed + 200, normalization=CriticBatchNormalization)

    def _build_code_discriminator(self, config: Config) -> keras.Model:
        c = config
        return build_code_discriminator(
            c.latent_size, c.precision, seed=c.seed + 300, normalization=CriticBatchNormalization
        )

    def train_step(self, real_batches: tf.Tensor) -> dict[str, tf.Tensor]:
        """One training iteration.

        Args:
            real_batches: float32 `[real_batches, N, H, W, C]` in [-1, 1].

        Returns:
            The losses of this iteration by their log names.
        """
        eg_images, d_images, cd_images = tf.unstack(tf.broadcast_to(real_batches, [3, *real_batches.shape[1:]]))
        losses = self._in_turn(
            ("generator", lambda: self._update_encoder_and_generator(eg_images)),
            ("discriminator", lambda: self._update_discriminator(d_images)),
            ("code_discriminator", lambda: self._update_code_discriminator(cd_images)),
        )
        return self._finish_iteration(losses)

    def _update_encoder_and_generator(self, real_images: tf.Tensor) -> dict[str, tf.Tensor]:
        latent_samples = self._draw_latents(Purpose.GENERATOR_LATENTS)
        with tf.GradientTape() as tape:
            encoded_latents = self.encoder(real_images, training=True)
            generated_images = self.generator(latent_samples, training=True)
            reconstructed_images = self.generator(encoded_latents, training=True)
            images = tf.concat([generated_images, reconstructed_images], axis=0)
            images = self._augment(images, Purpose.GENERATOR_AUGMENTATION)
            adversary_loss = wasserstein_adversary_loss(
                *(self._judge_images(kind) for kind in tf.split(images, 2)), self._judge_latents(encoded_latents)
            )
            l1 = l1_loss(real_images, reconstructed_images)
            loss = adversary_loss + self.config.l1_weight * l1
        self._minimize_together(("encoder", "generator"), loss, tape)
        return {"eg_loss": loss, "recon_l1": l1}

    def _update_discriminator(self, real_images: tf.Tensor) -> dict[str, tf.Tensor]:
        generated_images = self.generator(self._draw_latents(Purpose.DISCRIMINATOR_LATENTS), training=True)
        reconstructed_images = self.generator(self.encoder(real_images, training=True), training=True)
        images = tf.concat([real_images, generated_images, reconstructed_images], axis=0)
        images = self._augment(images, Purpose.CRITIC_AUGMENTATION)
        real_images, generated_images, reconstructed_images = tf.split(images, 3)
        points = [interpolate(real_images, generated_images, self._draw_seed(Purpose.GENERATED_PENALTY))]
        if self.config.penalty_pairs == "both":
            seed = self._draw_seed(Purpose.RECONSTRUCTED_PENALTY)
            points.append(interpolate(real_images, reconstructed_images, seed))
        with tf.GradientTape() as tape:
            critic_loss = wasserstein_critic_loss(
                *map(self._judge_images, (real_images, generated_images, reconstructed_images))
            )
            penalties = [gradient_penalty(self._judge_images, pair) for pair in points]
            loss = critic_loss + self.config.penalty_weight * tf.add_n(penalties)
        self._minimize("discriminator", loss, tape)
        return {"d_loss": loss, "gp_image": tf.add_n(penalties) / len(penalties)}

    def _update_code_discriminator(self, real_images: tf.Tensor) -> dict[str, tf.Tensor]:
        latent_samples = self._draw_latents(Purpose.CODE_DISCRIMINATOR_LATENTS)
        encoded_latents = self.encoder(real_images, training=True)
        points = interpolate(latent_samples, encoded_latents, self._draw_seed(Purpose.CODE_PENALTY))
        with tf.GradientTape() as tape:
            critic_loss = wasserstein_critic_loss(*map(self._judge_latents, (latent_samples, encoded_latents)))
            penalty = gradient_penalty(self._judge_latents, points)
            loss = critic_loss + self.config.penalty_weight * penalty
        self._minimize("code_discriminator", loss, tape)
        return {"cd_loss": loss, "gp_code": penalty}

    def _judge_images(self, images: tf.Tensor) -> tf.Tensor:
        return self.discriminator(images, training=True)

    def _judge_latents(self, latents: tf.Tensor) -> tf.Tensor:
        return self.code_discriminator(latents, training=True)
