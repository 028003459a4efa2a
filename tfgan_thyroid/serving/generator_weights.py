"""The generator of a run as others see it: float32, the averaged weights where the run keeps them."""

import hashlib
from pathlib import Path

import keras
import tensorflow as tf

from tfgan_thyroid.config import Config
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.networks.generator import build_generator


def load_generator(config: Config, checkpoint: Path) -> keras.Sequential:
    """Builds G in float32 and reads its weights, and nothing else, from a checkpoint.

    Args:
        config: of the run.
        checkpoint: a directory under the run's `checkpoints`.

    Raises:
        UserError: the checkpoint does not hold such a generator.
    """
    generator = build_generator(config.image_size, config.channels, config.width, config.latent_size)
    name = "averaged_generator" if config.ema_decay else "generator"
    try:
        status = tf.train.Checkpoint(**{name: generator}).read(str(checkpoint / "state"))
        status.assert_existing_objects_matched().expect_partial()
    except (AssertionError, ValueError, tf.errors.OpError) as error:
        raise UserError(
            f"checkpoint {checkpoint} holds no {name} of this shape ({str(error).splitlines()[0]})"
        ) from None
    return generator


def model_digest(generator: keras.Model) -> str:
    """SHA-256 over the shapes and bytes of all weights in order: what tells two generators apart."""
    digest = hashlib.sha256()
    for weight in generator.get_weights():
        digest.update(repr(weight.shape).encode())
        digest.update(weight.astype("<f4").tobytes())
    return digest.hexdigest()
