"""From the name of a generative model to its class, which is imported when it is asked for."""

import importlib

from tfgan_thyroid.config import MODELS, Config
from tfgan_thyroid.models.generative_model import GenerativeModel


def model_class(name: str) -> type[GenerativeModel]:
    """The model of that name in `MODELS`."""
    module, class_name = MODELS[name].split(".")
    return getattr(importlib.import_module(f".{module}", package="tfgan_thyroid.models"), class_name)


def build_model(config: Config) -> GenerativeModel:
    """The model that `config.model` names, compiled and with its initial weights."""
    model = model_class(config.model)(config)
    model.compile()
    return model
