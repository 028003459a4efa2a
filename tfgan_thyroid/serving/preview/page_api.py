"""What the preview page needs beyond TF Serving's API: which models can be shown, and the latent of a seed."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tfgan_thyroid.models.random_draws import latents_from_seeds
from tfgan_thyroid.serving.preview.api_errors import ApiError
from tfgan_thyroid.serving.preview.served_model import ServedModel


def shown_models(models: Mapping[str, ServedModel]) -> dict[str, Any]:
    """The names of the models that are loaded and are generators."""
    return {"models": [name for name in models if _latent_size(models, name)]}


def latent_of(models: Mapping[str, ServedModel], name: str, seed: int) -> dict[str, Any]:
    """The latent that a model makes of a seed.

    Raises:
        ApiError: no such generator is loaded, or the seed is too large.
    """
    size = _latent_size(models, name)
    if not size or seed >= 2**63:
        raise ApiError(f"no generator {name} with a seed {seed} is served", 404)
    return {"latent": latents_from_seeds(tf.constant([seed], tf.int64), size).numpy()[0].tolist()}


def _latent_size(models: Mapping[str, ServedModel], name: str) -> int:
    """0 for a model that is no generator or has not loaded."""
    try:
        shape = models[name].version()[1].inputs("generate_from_latent")["latent"].shape
    except (KeyError, ApiError):
        return 0
    return shape[-1] or 0
