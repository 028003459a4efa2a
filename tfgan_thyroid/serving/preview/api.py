"""What the preview page needs beyond TF Serving's API: which models can be shown, and the latent of a seed."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import tensorflow as tf

from tfgan_thyroid.models.random_draws import latents_from_seeds
from tfgan_thyroid.serving.preview.api_errors import ApiError
from tfgan_thyroid.serving.preview.served_model import ServedModel

_LATENTS_PATH = re.compile(r"/preview/latents/(?P<model>[^/]+)/(?P<seed>\d{1,18})")
_SIGNATURE = "generate_from_latent"


class PreviewApi:
    """Answers the page.

    Args:
        models: by name.
    """

    def __init__(self, models: Mapping[str, ServedModel]) -> None:
        self._models = models

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        """The HTTP status and the JSON document for a path under `/preview/`."""
        if path == "/preview/models":
            return 200, {"models": [name for name in self._models if self._latent_size(name) is not None]}
        match = _LATENTS_PATH.fullmatch(path)
        size = self._latent_size(unquote(match["model"])) if match else None
        if match is None or size is None:
            return 404, {"error": f"Not found: {path}"}
        latents = latents_from_seeds(tf.constant([int(match["seed"])], tf.int64), size)
        return 200, {"latent": latents.numpy()[0].tolist()}

    def _latent_size(self, name: str) -> int | None:
        """Of a generator; None for a model that is none, or has not loaded."""
        if name not in self._models:
            return None
        try:
            shape = self._models[name].version()[1].inputs(_SIGNATURE)["latent"].shape
        except ApiError:
            return None
        return shape[-1] if shape else None
