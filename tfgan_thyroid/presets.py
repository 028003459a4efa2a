"""The named presets: configurations to start from. Imports no TensorFlow."""

from collections.abc import Callable
from typing import Any

from tfgan_thyroid.config import Config
from tfgan_thyroid.errors import UserError, did_you_mean


def paper() -> Config:
    """The paper's setting: 256 pixels, batch 32, 100,000 iterations ("5000 epochs" of 609 images).

    `python -m tfgan_thyroid.train --data DATASET`. The paper's run took about 17 hours on one RTX 2080 Ti.
    """
    return Config(preset="paper")


# What helps the paper's model where scans are few and iterations too (docs/results/few_scans.md): a higher learning
# rate with shorter moments in Adam, the reconstruction term for E, the averaged generator with batch statistics of its
# own, and wider latents.
TUNED: dict[str, Any] = {
    "learning_rate": 1e-3,
    "beta_1": 0.5,
    "beta_2": 0.9,
    "encoder_reconstruction_weight": 10.0,
    "ema_decay": 0.999,
    "standing_statistics": True,
    "latent_scale": 1.2,
}

# Of all that was tried here, this alone has speckle (docs/results/texture_search.md): a non-saturating GAN with R1 and
# a discriminator for texture, whose learning rates fall at the end. It has no encoder.
TEXTURE: dict[str, Any] = {
    "model": "r1-gan",
    "learning_rate": 1e-3,
    "beta_1": 0.5,
    "beta_2": 0.9,
    "decay_start": 0.6,
    "ema_decay": 0.999,
    "standing_statistics": True,
}


def paper_small() -> Config:
    """The paper's recipe, with the averaged generator, at 64 or 128 pixels: where the rows of Table I start from.

    `python -m tfgan_thyroid.train --data DATASET --preset paper-small`: about ten minutes at 64 pixels on two cores.
    """
    return Config(
        preset="paper-small",
        image_size=64,
        width=16,
        batch_size=16,
        iterations=5_000,
        ema_decay=0.999,
        image_every=500,
        checkpoint_every=1_000,
    )


def paper_tuned() -> Config:
    """The paper's model with the settings that did best by MMD and 1-NN in Table I here: `TUNED`.

    `python -m tfgan_thyroid.train --data DATASET --preset paper-tuned`. Measured at 64 pixels and 5,000 iterations.
    """
    return Config(preset="paper-tuned", **TUNED)


def best() -> Config:
    """The recipe whose pictures look most like ultrasound, `TEXTURE`, at the paper's size, width and length.

    `python -m tfgan_thyroid.train --data DATASET --preset best`. Measured at 64 pixels only.
    """
    return Config(preset="best", **TEXTURE)


def cpu() -> Config:
    """The recipe of `best` on a few processor cores at 64 or 128 pixels.

    `python -m tfgan_thyroid.train --data DATASET --preset cpu`: about twenty minutes at 64 pixels on two cores.
    """
    return Config(
        preset="cpu",
        image_size=64,
        width=16,
        batch_size=16,
        iterations=10_000,
        **TEXTURE,
        image_every=500,
        checkpoint_every=2_000,
    )


def demo() -> Config:
    """Phantom scans at 64 pixels in a few minutes on two processor cores: `python -m tfgan_thyroid.train`.

    The recipe of `best`, short, with an average that follows sooner.
    """
    return Config(
        preset="demo",
        image_size=64,
        width=16,
        batch_size=16,
        iterations=3_000,
        **{**TEXTURE, "ema_decay": 0.99},
        log_every=50,
        image_every=100,
        checkpoint_every=500,
    )


PRESETS: dict[str, Callable[[], Config]] = {
    "paper": paper,
    "paper-small": paper_small,
    "paper-tuned": paper_tuned,
    "best": best,
    "cpu": cpu,
    "demo": demo,
}


def preset(name: str) -> Config:
    """The configuration of that name.

    Raises:
        UserError: there is none.
    """
    if name not in PRESETS:
        near = did_you_mean(name, PRESETS)
        raise UserError(f"unknown preset {name!r}: choose one of {', '.join(PRESETS)}{near}")
    return PRESETS[name]()
