"""Images of a SavedModel, by its signatures alone, as a client of TF Serving would see them."""

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.serving.preview.api_errors import ApiError
from tfgan_thyroid.serving.preview.loaded_version import LoadedVersion
from tfgan_thyroid.serving.versions import versions_in


def newest_version(path: Path) -> Path | None:
    """The version directory that `path` is, or the newest of those in it."""
    if (path / "saved_model.pb").is_file():
        return path
    versions = [version for version in versions_in(path).values() if (version / "saved_model.pb").is_file()]
    return versions[-1] if versions else None


def saved_generator(version: Path) -> Callable[[np.ndarray], np.ndarray]:
    """A function from seeds `[N]` to uint8 images `[N, H, W, 1]`."""
    loaded = LoadedVersion(version)
    default = loaded.signatures.get("serving_default")
    if default is None or set(default.inputs) != {"seed"}:
        taken = "is missing" if default is None else f"takes {', '.join(default.inputs)}, not a seed"
        raise UserError(f"{version} is no generator: its serving_default {taken}")

    def make(seeds: np.ndarray) -> np.ndarray:
        try:
            pngs = loaded.run("serving_default", {"seed": seeds.astype(np.int64)})["image_bytes"]
        except ApiError as error:
            raise UserError(f"{version} failed to generate ({error})") from None
        return np.stack([decode_png(png) for png in pngs])

    return make


def model_card(version: Path) -> dict[str, Any]:
    """What the version says of itself, nothing where it comes from elsewhere."""
    card = version / "model_card.json"
    try:
        return json.loads(card.read_text()) if card.is_file() else {}
    except ValueError as error:
        raise UserError(f"{card} is damaged ({error}): export the model again, or remove the card") from None


def files_digest(version: Path) -> str:
    """SHA-256 over the files of a version, for one without a card."""
    digest = hashlib.sha256()
    for file in [version / "saved_model.pb", *sorted((version / "variables").glob("*"))]:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def decode_png(png: bytes) -> np.ndarray:
    """Grey pixels of a PNG, uint8 `[H, W, 1]`."""
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(png)).convert("L"))[:, :, None]
