"""Every choice of a training run. Imports no TensorFlow."""

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any

from tfgan_thyroid.config_fields import ConfigFields
from tfgan_thyroid.errors import UserError, did_you_mean
from tfgan_thyroid.metric_catalog import METRICS

MODELS = {
    "alpha-wgan-gp": "alpha_wgan_gp.AlphaWGANGP",
    "alpha-wgan-gp-original": "alpha_wgan_gp_original.AlphaWGANGPOriginal",
    "wgan-gp": "wgan_gp.WGANGP",
    "alpha-gan": "alpha_gan.AlphaGAN",
    "vae": "vae.VAE",
    "gan": "gan.GAN",
    "r1-gan": "r1_gan.R1GAN",
}
"""The generative models by name: module and class in `tfgan_thyroid.models`."""

CHOICES = {
    "model": tuple(MODELS),
    "penalty_pairs": ("both", "generated"),
    "l1_target": ("reconstructed", "generated"),
    "augment": ("none", "diffaugment"),
    "data_augmentation": ("none", "conventional"),
    "gan_loss": ("saturating", "non-saturating"),
    "precision": ("float32", "mixed_bfloat16"),
    # Beside a checkpoint they are computed in pixels.
    "best_metric": tuple(name for name, metric in METRICS.items() if metric.space != "features"),
}


def _weight(default: float, of: str | None = None) -> Any:
    """A field that weighs a term of a loss: finite, at least 0, which leaves the term out; see `_option`."""
    return field(default=default, metadata={"weight": True, "model": of})


def _option(default: Any, of: str) -> Any:
    """A field that only the model of that name has a use for, and that keeps its default under every other."""
    return field(default=default, metadata={"model": of})


@dataclass(frozen=True)
class Config(ConfigFields):
    """A training run, resolved. The defaults are the paper's setting (section III.B).

    Attributes:
        preset: name of the preset that it started from.
        model: name of the generative model.
        image_size: height and width in pixels, 4 * 2^n; taken from the data set.
        channels: channels of an example: 1, or 2 where a mask goes with the image; taken from the data set.
        paired: images and masks are generated together, as two channels.
        width: channels of the widest-resolution layers; deeper layers double it.
        latent_size: length of a latent vector.
        batch_size: images in each update.
        iterations: training iterations, each of which updates every network of the model once.
        seed: of the initial values and of every random draw.
        learning_rate: of the four Adam optimizers.
        beta_1: Adam's decay of the gradient's mean.
        beta_2: Adam's decay of the squared gradient's mean.
        adam_epsilon: Adam's epsilon.
        penalty_weight: lambda_1 of Eq. 3, of each gradient penalty.
        l1_weight: lambda_2 of Eq. 3, of the L1 term of G.
        encoder_reconstruction_weight: of an L1 term for E, which the paper does not have.
        spectral_weight: of a term of G's loss that compares the power spectra of real and generated images, and of
            masks where there are any; in `alpha-wgan-gp`; the paper does not have it.
        penalty_pairs: D is penalised between real and generated and real and reconstructed images (`both`), or the
            first pair only (`generated`, the letter of Eq. 3).
        l1_target: the L1 term compares real with `reconstructed` images (the paper's text) or with `generated` ones
            (the letter of Eq. 3).
        shared_batch: all updates of an iteration see one batch of real images instead of one each.
        critic_steps: updates of D before each of G in `wgan-gp` (its authors' choice is 5).
        gan_loss: of G in `gan`: `saturating` (Eq. 1) or `non-saturating`, whose gradient does not vanish while D wins.
        kl_weight: scale of the Laplace noise that `vae` assumes on each pixel, in units of the [-1, 1] range: the KL
            divergence is weighted by it over the values of an image.
        r1_gamma: gamma of R1 in `r1-gan`, for the discriminator of whole images.
        texture_r1_gamma: gamma of R1 in `r1-gan`, for the discriminator of texture and each of its pieces.
        decay_start: share of the iterations after which the learning rates of `r1-gan` fall, linearly, to 0 at the
            last one; 1 keeps them.
        data_augmentation: what a scan goes through each time it is drawn: `none`, or `conventional` (flip, rotation,
            resize and elastic distortion, the mask with it). The generator learns to make such images, and a
            memorisation audit does not know a scan that was rotated or distorted.
        augment: what real and fake images go through on their way to D: `none`, or `diffaugment`.
        ema_decay: decay of the averaged generator; 0 keeps none.
        standing_statistics: batch normalization in the averaged generator goes by statistics that are measured with
            its own weights on drawn latents, not by averages of the trained generator's moving statistics, into which
            passes with encoded latents are mixed. Without an average it changes nothing.
        latent_scale: what a latent is multiplied by where an image is made of a seed; training draws them as they are.
            Above 1 images vary more and are a little less like scans; below 1 it is truncation (Brock et al. 2019).
        precision: `float32`, or `mixed_bfloat16` with losses, penalties and the sums of norms in float32.
        log_every: iterations between lines of the log and of TensorBoard's scalars.
        image_every: iterations between sample grids.
        checkpoint_every: iterations between checkpoints, with metrics beside each.
        metric_samples: images of each kind in a draw of the metrics during training; 0 computes none.
        metric_draws: draws of the metrics during training.
        best_metric: what the checkpoint that is kept as the best is chosen by; computed beside MMD and 1-NN.
    """

    preset: str = "paper"
    model: str = "alpha-wgan-gp"
    image_size: int = 256
    channels: int = 1
    paired: bool = False
    width: int = 32
    latent_size: int = 256
    batch_size: int = 32
    iterations: int = 100_000
    seed: int = 0
    learning_rate: float = 2e-4
    beta_1: float = 0.9
    beta_2: float = 0.999
    adam_epsilon: float = 1e-8
    penalty_weight: float = _weight(10.0)
    l1_weight: float = _weight(10.0)
    encoder_reconstruction_weight: float = _weight(0.0)
    spectral_weight: float = _weight(0.0, of="alpha-wgan-gp")
    penalty_pairs: str = "both"
    l1_target: str = "reconstructed"
    shared_batch: bool = False
    critic_steps: int = _option(1, of="wgan-gp")
    gan_loss: str = _option("saturating", of="gan")
    kl_weight: float = _weight(0.1, of="vae")
    r1_gamma: float = _weight(10.0, of="r1-gan")
    texture_r1_gamma: float = _weight(0.03, of="r1-gan")
    decay_start: float = _option(1.0, of="r1-gan")
    data_augmentation: str = "none"
    augment: str = "none"
    ema_decay: float = 0.0
    standing_statistics: bool = False
    latent_scale: float = 1.0
    precision: str = "float32"
    log_every: int = 100
    image_every: int = 1_000
    checkpoint_every: int = 5_000
    metric_samples: int = 100
    metric_draws: int = 10
    best_metric: str = "mmd"

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                value = getattr(self, name)
                near = did_you_mean(str(value), choices)
                raise UserError(f"{name} is {value!r}: choose one of {', '.join(choices)}{near}")
        stage_count(self.image_size)
        for name in ("channels", "width", "latent_size", "batch_size", "iterations", "critic_steps"):
            if getattr(self, name) < 1:
                raise UserError(f"{name} is {getattr(self, name)}: it must be at least 1")
        for name in ("log_every", "image_every", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise UserError(f"{name} is {getattr(self, name)}: it must be at least 1 iteration")
        if not 0.0 <= self.ema_decay < 1.0:
            raise UserError(f"ema_decay is {self.ema_decay}: it must lie in [0, 1)")
        if not 0.0 <= self.decay_start <= 1.0:
            raise UserError(f"decay_start is {self.decay_start}: it must lie in [0, 1]")
        if not 0.0 < self.latent_scale < math.inf:
            raise UserError(f"latent_scale is {self.latent_scale}: it must be a finite number above 0")
        for option in dataclasses.fields(self):
            name, value, owner = option.name, getattr(self, option.name), option.metadata.get("model")
            if option.metadata.get("weight") and not 0.0 <= value < math.inf:
                raise UserError(f"{name} is {value}: it must be a finite number of at least 0")
            if owner not in (None, self.model) and value != option.default:
                raise UserError(f"{name} is an option of {owner}, and {self.model} has no use for it")


def stage_count(image_size: int) -> int:
    """The n of `image_size = 4 * 2^n`: how many halvings lead from an image to 4x4 pixels.

    Raises:
        UserError: the size is not of that form with n from 1 to 8.
    """
    stages = (image_size // 4).bit_length() - 1
    if not 1 <= stages <= 8 or image_size != 4 * 2**stages:
        raise UserError(f"image size {image_size} is not 4 * 2^n: choose 8, 16, 32, 64, 128, 256, 512 or 1024")
    return stages
