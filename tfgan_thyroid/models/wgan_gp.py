"""WGAN-GP (Gulrajani et al. 2017; paper, Eq. 2), the paper's first baseline: the same D and G, without E and CD."""

import functools

import tensorflow as tf

from tfgan_thyroid.losses.adversarial import wasserstein_adversary_loss, wasserstein_critic_loss
from tfgan_thyroid.losses.gradient_penalty import gradient_penalty, interpolate
from tfgan_thyroid.models.gan import GAN
from tfgan_thyroid.models.random_draws import Purpose


class WGANGP(GAN):
    """The game of `GAN` with a critic in place of the classifier: `critic_steps` updates of D, then one of G.

    Each step of D has its own batch of real images and its own latents.

    Args:
        config: the run's configuration.
    """

    @property
    def real_batches(self) -> int:
        """One for each step of D, or one where the steps share it."""
        return 1 if self.config.shared_batch else self.config.critic_steps

    def train_step(self, real_batches: tf.Tensor) -> dict[str, tf.Tensor]:
        """One training iteration.

        Args:
            real_batches: float32 `[real_batches, N, H, W, C]` in [-1, 1].

        Returns:
            The losses of this iteration by their log names; D's are those of its last step.
        """
        steps = self.config.critic_steps
        batches = tf.unstack(tf.broadcast_to(real_batches, [steps, *real_batches.shape[1:]]))
        critic_updates = [
            ("discriminator", functools.partial(self._update_discriminator, images, step))
            for step, images in enumerate(batches)
        ]
        return self._finish_iteration(self._in_turn(*critic_updates, ("generator", self._update_generator)))

    def _update_discriminator(self, real_images: tf.Tensor, step: int = 0) -> dict[str, tf.Tensor]:
        generated_images = self.generator(self._draw_latents(Purpose.DISCRIMINATOR_LATENTS, step), training=True)
        images = tf.concat([real_images, generated_images], axis=0)
        images = self._augment(images, Purpose.CRITIC_AUGMENTATION, step)
        real_images, generated_images = tf.split(images, 2)
        points = interpolate(real_images, generated_images, self._draw_seed(Purpose.GENERATED_PENALTY, step))
        with tf.GradientTape() as tape:
            critic_loss = wasserstein_critic_loss(*tf.split(self.discriminator(images, training=True), 2))
            penalty = gradient_penalty(lambda x: self.discriminator(x, training=True), points)
            loss = critic_loss + self.config.penalty_weight * penalty
        self._minimize("discriminator", loss, tape)
        return {"d_loss": loss, "gp_image": penalty}

    def _update_generator(self) -> dict[str, tf.Tensor]:
        latent_samples = self._draw_latents(Purpose.GENERATOR_LATENTS)
        with tf.GradientTape() as tape:
            images = self._augment(self.generator(latent_samples, training=True), Purpose.GENERATOR_AUGMENTATION)
            loss = wasserstein_adversary_loss(self.discriminator(images, training=True))
        self._minimize("generator", loss, tape)
        return {"g_loss": loss}
