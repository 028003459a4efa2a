"""The generative models by name."""

from tfgan_thyroid.config import Config
from tfgan_thyroid.models.alpha_wgan_gp import AlphaWGANGP
from tfgan_thyroid.models.generative_model import GenerativeModel

MODELS: dict[str, type[GenerativeModel]] = {"alpha-wgan-gp": AlphaWGANGP}


def build_model(config: Config) -> GenerativeModel:
    """The model that `config.model` names, compiled and with its initial weights."""
    model = MODELS[config.model](config)
    model.compile()
    return model
