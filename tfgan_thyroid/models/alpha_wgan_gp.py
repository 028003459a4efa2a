"""The paper's model: an improved alpha-WGAN-GP (Liang & Chen, section II, Eq. 3)."""

from collections.abc import Callable

import tensorflow as tf

from tfgan_thyroid import replicas
from tfgan_thyroid.losses.adversarial import wasserstein_adversary_loss, wasserstein_critic_loss
from tfgan_thyroid.losses.gradient_penalty import gradient_penalty, interpolate
from tfgan_thyroid.losses.reconstruction import l1_loss
from tfgan_thyroid.losses.spectral import mean_power_spectrum, spectral_loss
from tfgan_thyroid.models.auto_encoding_gan import AutoEncodingGAN
from tfgan_thyroid.models.random_draws import Purpose


class AlphaWGANGP(AutoEncodingGAN):
    """Two Wasserstein games: D judges what G makes, CD judges what E encodes.

    One iteration updates CD, E, D and G in this order, each on its own batch of real images and its own latents, each
    changing one network. All networks run with `training=True`; generated and reconstructed images are separate passes
    of G, whose batch statistics must not mix.

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
        cd_images, e_images, d_images, g_images = tf.unstack(
            tf.broadcast_to(real_batches, [4, *real_batches.shape[1:]])
        )
        losses = self._in_turn(
            {
                "code_discriminator": lambda: self._update_code_discriminator(cd_images),
                "encoder": lambda: self._update_encoder(e_images),
                "discriminator": lambda: self._update_discriminator(d_images),
                "generator": lambda: self._update_generator(g_images),
            }
        )
        return self._finish_iteration(losses)

    def _update_code_discriminator(self, real_images: tf.Tensor) -> dict[str, tf.Tensor]:
        latent_samples = self._draw_latents(Purpose.CODE_DISCRIMINATOR_LATENTS)
        encoded_latents = self.encoder(real_images, training=True)
        # To CD the sampled latents are the real side, the encoded ones the fake.
        points = interpolate(latent_samples, encoded_latents, self._draw_seed(Purpose.CODE_PENALTY))
        with tf.GradientTape() as tape:
            scores = self.code_discriminator(tf.concat([latent_samples, encoded_latents], axis=0), training=True)
            critic_loss = wasserstein_critic_loss(*tf.split(scores, 2))
            penalty = gradient_penalty(lambda x: self.code_discriminator(x, training=True), points)
            loss = critic_loss + self.config.penalty_weight * penalty
        self._minimize("code_discriminator", loss, tape)
        return {"cd_loss": loss, "gp_code": penalty}

    def _update_encoder(self, real_images: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            encoded_latents = self.encoder(real_images, training=True)
            loss = wasserstein_adversary_loss(self.code_discriminator(encoded_latents, training=True))
            if self.config.encoder_reconstruction_weight:
                reconstructed_images = self.generator(encoded_latents, training=True)
                loss += self.config.encoder_reconstruction_weight * l1_loss(real_images, reconstructed_images)
        self._minimize("encoder", loss, tape)
        return {"e_loss": loss}

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

        def score(images: tf.Tensor) -> Callable[[], tf.Tensor]:
            return lambda: tf.reduce_mean(self.discriminator(images, training=True))

        def penalty(pair: tf.Tensor) -> Callable[[], tf.Tensor]:
            return lambda: gradient_penalty(lambda x: self.discriminator(x, training=True), pair)

        # Eq. 3, summand by summand: -2 E[D(x_r)] + E[D(x_g)] + E[D(x_rec)] + lambda_1 times one penalty, or two.
        scores = [(-2.0, score(real_images)), (1.0, score(generated_images)), (1.0, score(reconstructed_images))]
        penalties = [(self.config.penalty_weight, penalty(pair)) for pair in points]
        loss, means = self._minimize_sum("discriminator", [*scores, *penalties])
        return {"d_loss": loss, "gp_image": tf.add_n(means[len(scores) :]) / len(penalties)}

    def _update_generator(self, real_images: tf.Tensor) -> dict[str, tf.Tensor]:
        latent_samples = self._draw_latents(Purpose.GENERATOR_LATENTS)
        encoded_latents = self.encoder(real_images, training=True)
        with tf.GradientTape() as tape:
            generated_images = self.generator(latent_samples, training=True)
            reconstructed_images = self.generator(encoded_latents, training=True)
            images = tf.concat([generated_images, reconstructed_images], axis=0)
            images = self._augment(images, Purpose.GENERATOR_AUGMENTATION)
            adversary_loss = wasserstein_adversary_loss(*tf.split(self.discriminator(images, training=True), 2))
            target = reconstructed_images if self.config.l1_target == "reconstructed" else generated_images
            l1 = l1_loss(real_images, target)
            loss = adversary_loss + self.config.l1_weight * l1
            if self.config.spectral_weight:
                powers = replicas.mean([mean_power_spectrum(x) for x in (real_images, generated_images)])
                loss += self.config.spectral_weight * spectral_loss(*powers)
        self._minimize("generator", loss, tape)
        return {"g_loss": loss, "recon_l1": l1}
