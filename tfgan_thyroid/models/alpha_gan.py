"""alpha-GAN (Rosca et al. 2017, Algorithm 1), which the paper's model descends from, on the paper's networks."""

import tensorflow as tf

from tfgan_thyroid.losses.adversarial import log_ratio_adversary_loss, logistic_critic_loss
from tfgan_thyroid.losses.reconstruction import l1_loss
from tfgan_thyroid.models.auto_encoding_gan import AutoEncodingGAN
from tfgan_thyroid.models.random_draws import Purpose


class AlphaGAN(AutoEncodingGAN):
    """Two logistic games, D against G and CD against E, and an L1 term that reaches both E and G.

    One iteration updates E, G, D and CD in this order, each on its own batch of real images and its own latents, each
    changing one network.

    Args:
        config: the run's configuration.
    """

    real_updates = 4

    def train_step(self, real_batches: tf.Tensor) -> dict[str, tf.Tensor]:
        """One training iteration.

        Args:
            real_batches: float32 `[real_batches, N, H, W, C]` in [-1, 1].

        Returns:
            The losses of this iteration by their log names.
        """
        e_images, g_images, d_images, cd_images = tf.unstack(
            tf.broadcast_to(real_batches, [4, *real_batches.shape[1:]])
        )
        losses = self._in_turn(
            ("encoder", lambda: self._update_encoder(e_images)),
            ("generator", lambda: self._update_generator(g_images)),
            ("discriminator", lambda: self._update_discriminator(d_images)),
            ("code_discriminator", lambda: self._update_code_discriminator(cd_images)),
        )
        return self._finish_iteration(losses)

    def _update_encoder(self, real_images: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            encoded_latents = self.encoder(real_images, training=True)
            adversary_loss = log_ratio_adversary_loss(self.code_discriminator(encoded_latents, training=True))
            l1 = l1_loss(real_images, self.generator(encoded_latents, training=True))
            loss = adversary_loss + self.config.l1_weight * l1
        self._minimize("encoder", loss, tape)
        return {"e_loss": loss}

    def _update_generator(self, real_images: tf.Tensor) -> dict[str, tf.Tensor]:
        latent_samples = self._draw_latents(Purpose.GENERATOR_LATENTS)
        encoded_latents = self.encoder(real_images, training=True)
        with tf.GradientTape() as tape:
            generated_images = self.generator(latent_samples, training=True)
            reconstructed_images = self.generator(encoded_latents, training=True)
            images = tf.concat([generated_images, reconstructed_images], axis=0)
            images = self._augment(images, Purpose.GENERATOR_AUGMENTATION)
            adversary_loss = log_ratio_adversary_loss(*tf.split(self.discriminator(images, training=True), 2))
            l1 = l1_loss(real_images, reconstructed_images)
            loss = adversary_loss + self.config.l1_weight * l1
        self._minimize("generator", loss, tape)
        return {"g_loss": loss, "recon_l1": l1}

    def _update_discriminator(self, real_images: tf.Tensor) -> dict[str, tf.Tensor]:
        generated_images = self.generator(self._draw_latents(Purpose.DISCRIMINATOR_LATENTS), training=True)
        reconstructed_images = self.generator(self.encoder(real_images, training=True), training=True)
        images = tf.concat([real_images, generated_images, reconstructed_images], axis=0)
        images = self._augment(images, Purpose.CRITIC_AUGMENTATION)
        with tf.GradientTape() as tape:
            loss = logistic_critic_loss(*tf.split(self.discriminator(images, training=True), 3))
        self._minimize("discriminator", loss, tape)
        return {"d_loss": loss}

    def _update_code_discriminator(self, real_images: tf.Tensor) -> dict[str, tf.Tensor]:
        latent_samples = self._draw_latents(Purpose.CODE_DISCRIMINATOR_LATENTS)
        encoded_latents = self.encoder(real_images, training=True)
        with tf.GradientTape() as tape:
            # To CD the sampled latents are the real side, the encoded ones the fake.
            scores = self.code_discriminator(tf.concat([latent_samples, encoded_latents], axis=0), training=True)
            loss = logistic_critic_loss(*tf.split(scores, 2))
        self._minimize("code_discriminator", loss, tape)
        return {"cd_loss": loss}
