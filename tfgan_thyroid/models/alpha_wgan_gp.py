"""The paper's model: an improved alpha-WGAN-GP (Liang & Chen, section II, Eq. 3)."""

import functools

import tensorflow as tf

from tfgan_thyroid import replicas
from tfgan_thyroid.losses.adversarial import wasserstein_adversary_loss, wasserstein_critic_loss
from tfgan_thyroid.losses.gradient_penalty import gradient_penalty, interpolate
from tfgan_thyroid.losses.reconstruction import l1_loss
from tfgan_thyroid.losses.spectral import mean_power_spectrum, spectral_loss
from tfgan_thyroid.models.auto_encoding_gan import AutoEncodingGAN
from tfgan_thyroid.models.generative_model import LossPart
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
            ("code_discriminator", lambda: self._update_code_discriminator(cd_images)),
            ("encoder", lambda: self._update_encoder(e_images)),
            ("discriminator", lambda: self._update_discriminator(d_images)),
            ("generator", lambda: self._update_generator(g_images)),
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
        between = {"generated": interpolate(real_images, generated_images, self._draw_seed(Purpose.GENERATED_PENALTY))}
        if self.config.penalty_pairs == "both":
            seed = self._draw_seed(Purpose.RECONSTRUCTED_PENALTY)
            between["reconstructed"] = interpolate(real_images, reconstructed_images, seed)

        def score(name: str, weight: float, images: tf.Tensor) -> LossPart:
            return lambda: {name: (weight, tf.reduce_mean(self.discriminator(images, training=True)))}

        def penalty(kind: str, points: tf.Tensor) -> LossPart:
            critic = functools.partial(self.discriminator, training=True)
            return lambda: {f"{kind}_penalty": (self.config.penalty_weight, gradient_penalty(critic, points))}

        # Eq. 3, term by term: -2 E[D(x_r)] + E[D(x_g)] + E[D(x_rec)] + lambda_1 times one penalty, or two.
        scores = [
            score("real", -2.0, real_images),
            score("generated", 1.0, generated_images),
            score("reconstructed", 1.0, reconstructed_images),
        ]
        penalties = [penalty(kind, points) for kind, points in between.items()]
        loss, terms = self._minimize_sum("discriminator", [*scores, *penalties])
        gp_image = tf.add_n([terms[f"{kind}_penalty"] for kind in between]) / len(between)
        return {"d_loss": loss, "gp_image": gp_image}

    def _update_generator(self, real_images: tf.Tensor) -> dict[str, tf.Tensor]:
        latent_samples = self._draw_latents(Purpose.GENERATOR_LATENTS)
        encoded_latents = self.encoder(real_images, training=True)
        c = self.config

        def part(kind: str, latents: tf.Tensor, step: int) -> LossPart:
            def terms() -> dict[str, tuple[float, tf.Tensor]]:
                images = self.generator(latents, training=True)
                seen = self._augment(images, Purpose.GENERATOR_AUGMENTATION, step)
                result = {kind: (1.0, wasserstein_adversary_loss(self.discriminator(seen, training=True)))}
                if kind == c.l1_target:
                    result["l1"] = (c.l1_weight, l1_loss(real_images, images))
                if kind == "generated" and c.spectral_weight:
                    powers = replicas.mean([mean_power_spectrum(x) for x in (real_images, images)])
                    result["spectral"] = (c.spectral_weight, spectral_loss(*powers))
                return result

            return terms

        parts = [part("generated", latent_samples, 0), part("reconstructed", encoded_latents, 1)]
        loss, terms = self._minimize_sum("generator", parts)
        return {"g_loss": loss, "recon_l1": terms["l1"]}
