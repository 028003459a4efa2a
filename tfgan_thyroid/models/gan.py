"""The first generative adversarial network (Goodfellow et al. 2014; paper, Eq. 1) on the paper's D and G."""

import keras
import tensorflow as tf

from tfgan_thyroid.config import Config
from tfgan_thyroid.losses.adversarial import (
    logistic_critic_loss,
    non_saturating_adversary_loss,
    saturating_adversary_loss,
)
from tfgan_thyroid.models.generative_model import GenerativeModel
from tfgan_thyroid.models.random_draws import Purpose
from tfgan_thyroid.networks.discriminator import build_discriminator

ADVERSARY_LOSSES = {"saturating": saturating_adversary_loss, "non-saturating": non_saturating_adversary_loss}


class GAN(GenerativeModel):
    """D separates real from generated images, G is trained to be taken for real: D, then G, in each iteration.

    It has no encoder, and so shows no reconstructions.

    Args:
        config: the run's configuration.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        c = config
        self.discriminator = build_discriminator(c.image_size, c.channels, c.width, c.precision, seed=c.seed + 200)

    @property
    def networks(self) -> dict[str, keras.Model]:
        """D and G, in the order of their updates."""
        return {"discriminator": self.discriminator, "generator": self.generator}

    @property
    def real_batches(self) -> int:
        """One: G's update sees no real image."""
        return 1

    def train_step(self, real_batches: tf.Tensor) -> dict[str, tf.Tensor]:
        """One training iteration.

        Args:
            real_batches: float32 `[1, N, H, W, C]` in [-1, 1].

        Returns:
            The losses of this iteration by their log names.
        """
        losses = self._in_turn(
            ("discriminator", lambda: self._update_discriminator(real_batches[0])),
            ("generator", self._update_generator),
        )
        return self._finish_iteration(losses)

    def _update_discriminator(self, real_images: tf.Tensor) -> dict[str, tf.Tensor]:
        generated_images = self.generator(self._draw_latents(Purpose.DISCRIMINATOR_LATENTS), training=True)
        images = tf.concat([real_images, generated_images], axis=0)
        images = self._augment(images, Purpose.CRITIC_AUGMENTATION)
        with tf.GradientTape() as tape:
            loss = logistic_critic_loss(*tf.split(self.discriminator(images, training=True), 2))
        self._minimize("discriminator", loss, tape)
        return {"d_loss": loss}

    def _update_generator(self) -> dict[str, tf.Tensor]:
        latent_samples = self._draw_latents(Purpose.GENERATOR_LATENTS)
        adversary_loss = ADVERSARY_LOSSES[self.config.gan_loss]
        with tf.GradientTape() as tape:
            images = self._augment(self.generator(latent_samples, training=True), Purpose.GENERATOR_AUGMENTATION)
            loss = adversary_loss(self.discriminator(images, training=True))
        self._minimize("generator", loss, tape)
        return {"g_loss": loss}
