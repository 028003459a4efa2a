"""A variational auto-encoder (Kingma & Welling 2014; paper, section I) on the paper's E and G."""

from functools import partial

import keras
import tensorflow as tf

from tfgan_thyroid.losses.kl_divergence import standard_normal_kl
from tfgan_thyroid.losses.reconstruction import l1_loss
from tfgan_thyroid.models import network_builders
from tfgan_thyroid.models.generative_model import GenerativeModel
from tfgan_thyroid.models.random_draws import Purpose
from tfgan_thyroid.models.updates import Losses
from tfgan_thyroid.networks.encoder import mean_encoder


class VAE(GenerativeModel):
    """E gives a normal distribution of latents for each image, G reconstructs the image from a draw of it.

    Both minimise `mean |x - x_rec| + beta KL` with `beta = b / values of an image`: the negative evidence lower bound
    of Laplace noise of scale b on each pixel, times beta. With one channel beta is b / (H W). Were the KL divergence
    weighted by 1 beside a mean over pixels, the latents would carry nothing.

    Args:
        config: the run's configuration; `kl_weight` is b.
    """

    NETWORKS = {"encoder": network_builders.variational_encoder, "generator": network_builders.generator}

    @staticmethod
    def latent_encoder(encoder: keras.Model) -> keras.Model:
        """The network from images to the means of their latents."""
        return mean_encoder(encoder)

    @property
    def real_batches(self) -> int:
        """One."""
        return 1

    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """Means of the latents of images.

        Args:
            images: float32 `[N, H, W, C]` in [-1, 1].

        Returns:
            float32 `[N, latent_size]`.
        """
        return self.encoder(images, training=False)[:, : self.config.latent_size]

    def train_step(self, real_batches: tf.Tensor) -> Losses:
        """One training iteration: E and G together.

        Args:
            real_batches: float32 `[1, N, H, W, C]` in [-1, 1].

        Returns:
            The losses of this iteration, and their terms, by their log names.
        """
        return self._iterate(partial(self._update_encoder_and_generator, real_batches[0]))

    def _update_encoder_and_generator(self, real_images: tf.Tensor) -> Losses:
        """`mean|x_r - x_rec| + beta KL(E(x_r))`."""
        noise = self._draw_latents(Purpose.POSTERIOR_NOISE)
        beta = self.config.kl_weight / (self.config.image_size**2 * self.config.channels)
        loss = self._loss_of("encoder", "generator")
        with loss.part():
            means, log_variances = tf.split(self.encoder(real_images, training=True), 2, axis=1)
            latents = means + tf.exp(0.5 * log_variances) * noise
            loss.add("recon_l1", 1.0, l1_loss(real_images, self.generator(latents, training=True)))
            loss.add("kl", beta, standard_normal_kl(means, log_variances))
        return loss.minimize("eg_loss")
