"""Loads a run's generator (the averaged one where the run keeps it) and encoder for inference.

To others latents are standard normal. The run's `latent_scale` is in the weights: in the generator's first kernel, and
its inverse behind the encoder, so that the generator still makes reconstructions of what the encoder gives.
"""

import hashlib
from pathlib import Path

import keras

from tfgan_thyroid.config import Config
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.models.registry import model_class
from tfgan_thyroid.runs import checkpoints


def load_generator(config: Config, checkpoint: Path, weights: str | None = None) -> keras.Model:
    """Builds G in float32 and reads its weights, and nothing else, from a checkpoint; its latents are standard normal.

    Args:
        config: of the run.
        checkpoint: a directory under the run's `checkpoints`.
        weights: `average` or `raw`; by default the average where the run keeps one.

    Raises:
        UserError: the run keeps no average, the checkpoint does not hold such a generator, or the generator's first
            layer cannot take the `latent_scale`.
    """
    if weights == "average" and not config.ema_decay:
        raise UserError("this run keeps no averaged generator (ema_decay is 0): take its raw weights")
    averaged = bool(config.ema_decay) and weights != "raw"
    generator = _build("generator", config)
    first = next(layer for layer in generator.layers if not isinstance(layer, keras.layers.InputLayer))
    if config.latent_scale != 1.0 and not (isinstance(first, keras.layers.Dense) and not first.use_bias):
        raise UserError(
            f"latent_scale is {config.latent_scale}, and goes into the generator's first layer, which must be a Dense "
            f"without bias: it is {first.name!r} of type {type(first).__name__}"
        )
    _read("averaged_generator" if averaged else "generator", generator, checkpoint)
    _multiply(first, config.latent_scale)
    return generator


def load_encoder(config: Config, checkpoint: Path) -> keras.Model:
    """Builds E in float32 and reads its weights from a checkpoint; of a VAE's, the part that gives the means.

    Its latents are those of `load_generator`, which makes reconstructions of them.

    Args:
        config: of the run.
        checkpoint: a directory under the run's `checkpoints`.

    Raises:
        UserError: the model has no encoder, or the checkpoint does not hold such a one.
    """
    model = model_class(config.model)
    if "encoder" not in model.NETWORKS:
        raise UserError(f"{config.model} has no encoder: it makes images of latents only")
    encoder = _build("encoder", config)
    _read("encoder", encoder, checkpoint)
    *_, last_dense, _ = encoder.layers  # and a linear activation
    _multiply(last_dense, 1.0 / config.latent_scale)
    return model.latent_encoder(encoder)


def weights_digest(generator: keras.Model) -> str:
    """SHA-256 over the shapes and bytes of all weights in order: what tells two generators apart."""
    digest = hashlib.sha256()
    for weight in generator.get_weights():
        digest.update(repr(weight.shape).encode())
        digest.update(weight.astype("<f4").tobytes())
    return digest.hexdigest()


def _build(name: str, config: Config) -> keras.Model:
    return model_class(config.model).build_networks(config.replace(precision="float32"), [name])[name]


def _multiply(layer: keras.layers.Layer, factor: float) -> None:
    layer.set_weights([factor * weight for weight in layer.get_weights()])


def _read(name: str, network: keras.Model, checkpoint: Path) -> None:
    checkpoints.read({name: network}, checkpoint, f"holds no {name} of this shape")
