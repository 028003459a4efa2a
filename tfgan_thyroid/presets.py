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


# What helps where scans are few and iterations too (docs/results.md): a higher learning rate with shorter moments in
# Adam, the reconstruction term for E, the averaged generator with batch statistics of its own, and wider latents.
BEST_RECIPE: dict[str, Any] = {
    "learning_rate": 1e-3,
    "beta_1": 0.5,
    "beta_2": 0.9,
    "encoder_reconstruction_weight": 10.0,
    "ema_decay": 0.999,
    "standing_statistics": True,
    "latent_scale": 1.2,
}


def best() -> Config:
    """The recipe that did best with few scans and few iterations, where it departs from the paper's: `BEST_RECIPE`.

    `python -m tfgan_thyroid.train --data DATASET --preset best`. Measured at 64 pixels and 5,000 iterations.
    """
    return Config(preset="best", **BEST_RECIPE)


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


def cpu() -> Config:
    """The texture recipe (docs/results/texture_search.md) on a few processor cores at 64 or 128 pixels.

    A non-saturating GAN with R1 and a discriminator for texture: of all that was tried here, its pictures alone have
    speckle. It has no encoder. `python -m tfgan_thyroid.train --data DATASET --preset cpu`.
    """
    return Config(
        preset="cpu",
        model="r1-gan",
        image_size=64,
        width=16,
        batch_size=16,
        iterations=10_000,
        learning_rate=1e-3,
        beta_1=0.5,
        beta_2=0.9,
        ema_decay=0.999,
        standing_statistics=True,
        image_every=500,
        checkpoint_every=2_000,
    )


def demo() -> Config:
    """Phantom scans at 64 pixels in a few minutes on two processor cores: `python -m tfgan_thyroid.train`.

    The recipe of `best` with an average that follows sooner. After 1,500 iterations pixel MMD is between 0.09 and 0.10
    (real against real: 0.08 to 0.09).
    """
    return Config(
        preset="demo",
        image_size=64,
        width=16,
        batch_size=16,
        iterations=1_500,
        **{**BEST_RECIPE, "ema_decay": 0.99},
        log_every=50,
        image_every=100,
        checkpoint_every=500,
    )


PRESETS: dict[str, Callable[[], Config]] = {
    "paper": paper,
    "paper-small": paper_small,
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
