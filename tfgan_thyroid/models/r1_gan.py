"""A non-saturating GAN with R1 (Mescheder et al. 2018) and a second discriminator for texture: the recipe of `cpu`."""

from functools import partial

import keras
import tensorflow as tf

from tfgan_thyroid.layers.soft_masks import soften_masks
from tfgan_thyroid.losses.adversarial import cross_entropy_as_fake, cross_entropy_as_real
from tfgan_thyroid.losses.zero_centered_penalty import zero_centered_penalty
from tfgan_thyroid.models import network_builders
from tfgan_thyroid.models.generative_model import GenerativeModel
from tfgan_thyroid.models.random_draws import Purpose
from tfgan_thyroid.models.updates import Losses
from tfgan_thyroid.networks.texture_discriminator import piece_count


class R1GAN(GenerativeModel):
    """D judges whole images under a strong R1, TD the texture of small pieces under a weak one.

    D and TD, then G in each iteration. With a strong R1 D does not learn a few hundred scans by heart, but is blind
    to the finest texture; TD sees too little of an image to learn it by heart. Real masks are softened on their way to
    both, and so G makes soft masks: the outline is where they are 0, as everywhere else.

    It has no encoder, and so shows no reconstructions.

    Args:
        config: the run's configuration.
    """

    NETWORKS = {
        "discriminator": network_builders.coupled_discriminator,
        "texture_discriminator": network_builders.texture_discriminator,
        "generator": network_builders.smooth_generator,
    }
    discriminator: keras.Model
    texture_discriminator: keras.Model

    @property
    def real_batches(self) -> int:
        """One, which both discriminators see."""
        return 1

    def train_step(self, real_batches: tf.Tensor) -> Losses:
        """One training iteration.

        Args:
            real_batches: float32 `[1, N, H, W, C]` in [-1, 1].

        Returns:
            The losses of this iteration, and their terms, by their log names.
        """
        return self._iterate(lambda: self._update_discriminators(real_batches[0]), self._update_generator)

    def _update_discriminators(self, real_images: tf.Tensor) -> Losses:
        """`-E[log D(x_r)] - E[log(1 - D(x_g))] + gamma / 2 E[|grad D(x_r)|^2]`, and the same of TD.

        TD's means are over the pieces, too. The gradient of its mean score is small, since pieces are many: gamma is
        meant for one piece, and is multiplied by their number.
        """
        c = self.config
        generated_images = self.generator(self._draw_latents(Purpose.DISCRIMINATOR_LATENTS), training=True)
        images = tf.concat([soften_masks(real_images), generated_images], axis=0)
        real_images, generated_images = tf.split(self._augment(images, Purpose.CRITIC_AUGMENTATION), 2)
        loss = self._loss_of("discriminator", "texture_discriminator")
        for short, critic, gamma in (
            ("d", self.discriminator, c.r1_gamma),
            ("td", self.texture_discriminator, c.texture_r1_gamma * piece_count(c.image_size)),
        ):
            with loss.part():
                penalty, real_scores = zero_centered_penalty(partial(critic, training=True), real_images)
                loss.add(f"{short}_real", 1.0, cross_entropy_as_real(real_scores))
                loss.add(f"{short}_r1", gamma / 2.0, penalty)
            with loss.part():
                generated_scores = critic(generated_images, training=True)
                loss.add(f"{short}_generated", 1.0, cross_entropy_as_fake(generated_scores))
        return loss.minimize("d_loss")

    def _update_generator(self) -> Losses:
        """`-E[log D(x_g)] - E[log TD(x_g)]`."""
        latent_samples = self._draw_latents(Purpose.GENERATOR_LATENTS)
        loss = self._loss_of("generator")
        with loss.part():
            images = self._augment(self.generator(latent_samples, training=True), Purpose.GENERATOR_AUGMENTATION)
            loss.add("g_generated", 1.0, cross_entropy_as_real(self.discriminator(images, training=True)))
            texture_scores = self.texture_discriminator(images, training=True)
            loss.add("g_texture", 1.0, cross_entropy_as_real(texture_scores))
        return loss.minimize("g_loss")
