"""The generative models by name."""

from tfgan_thyroid.config import Config
from tfgan_thyroid.models.alpha_gan import AlphaGAN
from tfgan_thyroid.models.alpha_wgan_gp import AlphaWGANGP
from tfgan_thyroid.models.alpha_wgan_gp_original import AlphaWGANGPOriginal
from tfgan_thyroid.models.gan import GAN
from tfgan_thyroid.models.generative_model import GenerativeModel
from tfgan_thyroid.models.vae import VAE
from tfgan_thyroid.models.wgan_gp import WGANGP

MODELS: dict[str, type[GenerativeModel]] = {
    "alpha-wgan-gp": AlphaWGANGP,
    "alpha-wgan-gp-original": AlphaWGANGPOriginal,
    "wgan-gp": WGANGP,
    "alpha-gan": AlphaGAN,
    "vae": VAE,
    "gan": GAN,
}


def build_model(config: Config) -> GenerativeModel:
    """The model that `config.model` names, compiled and with its initial weights."""
    model = MODELS[config.model](config)
    model.compile()
    return model
