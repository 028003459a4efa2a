"""What the auto-encoding models share: the paper's four networks."""

import abc
from collections.abc import Callable, Sequence
from functools import partial

import keras
import tensorflow as tf

from tfgan_thyroid.models import network_builders
from tfgan_thyroid.models.generative_model import GenerativeModel
from tfgan_thyroid.models.updates import Losses


class AutoEncodingGAN(GenerativeModel):
    """G, E, D and CD. A subclass brings the updates and their order.

    Args:
        config: the run's configuration.
    """

    NETWORKS = {
        "code_discriminator": network_builders.code_discriminator,
        "encoder": network_builders.encoder,
        "discriminator": network_builders.discriminator,
        "generator": network_builders.generator,
    }
    code_discriminator: keras.Model
    discriminator: keras.Model

    @property
    @abc.abstractmethod
    def update_order(self) -> Sequence[Callable[[tf.Tensor], Losses]]:
        """The updates of one iteration, each a method that takes real images."""

    @property
    def real_batches(self) -> int:
        """One for each update, or one where the updates share it."""
        return 1 if self.config.shared_batch else len(self.update_order)

    def train_step(self, real_batches: tf.Tensor) -> Losses:
        """One training iteration: each update in its turn, on its own batch of real images.

        Args:
            real_batches: float32 `[real_batches, N, H, W, C]` in [-1, 1].

        Returns:
            The losses of this iteration, and their terms, by their log names.
        """
        batches = tf.broadcast_to(real_batches, [len(self.update_order), *real_batches.shape[1:]])
        updates = zip(self.update_order, tf.unstack(batches), strict=True)
        return self._iterate(*(partial(update, real_images) for update, real_images in updates))
