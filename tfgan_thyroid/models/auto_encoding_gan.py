"""What the auto-encoding models share: the paper's four networks."""

import keras

from tfgan_thyroid.config import Config
from tfgan_thyroid.models.generative_model import GenerativeModel
from tfgan_thyroid.networks.code_discriminator import build_code_discriminator
from tfgan_thyroid.networks.discriminator import build_discriminator
from tfgan_thyroid.networks.encoder import build_encoder


class AutoEncodingGAN(GenerativeModel):
    """G, E, D and CD. A subclass brings the updates.

    Args:
        config: the run's configuration.

    Attributes:
        real_updates: updates of one iteration that see real images, each a batch of its own.
    """

    real_updates: int

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.encoder = self.build_encoder(config)
        self.discriminator = self._build_discriminator(config)
        self.code_discriminator = self._build_code_discriminator(config)

    @classmethod
    def build_encoder(cls, config: Config) -> keras.Model:
        """E of the paper."""
        c = config
        return build_encoder(c.image_size, c.channels, c.width, c.latent_size, c.precision, seed=c.seed + 100)

    def _build_discriminator(self, config: Config) -> keras.Model:
        c = config
        return build_discriminator(c.image_size, c.channels, c.width, c.precision, seed=c.seed + 200)

    def _build_code_discriminator(self, config: Config) -> keras.Model:
        return build_code_discriminator(config.latent_size, config.precision, seed=config.seed + 300)

    @property
    def networks(self) -> dict[str, keras.Model]:
        """CD, E, D and G."""
        return {
            "code_discriminator": self.code_discriminator,
            "encoder": self.encoder,
            "discriminator": self.discriminator,
            "generator": self.generator,
        }

    @property
    def real_batches(self) -> int:
        """One for each update that sees real images, or one where the updates share it."""
        return 1 if self.config.shared_batch else self.real_updates
