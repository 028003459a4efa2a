"""Masks of several trained U-Nets for images that have none, and how far the U-Nets agree on each image."""

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from tfgan_thyroid.data.scans.files import encode_png
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.runs.checkpoints import restore
from tfgan_thyroid.runs.generator_weights import weights_digest
from tfgan_thyroid.runs.run_directory import RunDirectory
from tfgan_thyroid.segmentation import checkpoints
from tfgan_thyroid.segmentation.metrics import confusion
from tfgan_thyroid.segmentation.model import PREDICTION_BATCH, THRESHOLD, build_segmentation_model
from tfgan_thyroid.segmentation.record import read_record
from tfgan_thyroid.serving.preview.api_errors import ApiError
from tfgan_thyroid.serving.preview.loaded_version import LoadedVersion

FEWEST_MEMBERS = 2


class Member(NamedTuple):
    """A trained U-Net."""

    digest: str  # of its weights, or of the export's card
    # From uint8 images `[N, H, W, 1]` to the probability of foreground, float32 `[N, H, W, 1]`.
    probabilities: Callable[[np.ndarray], np.ndarray]


class Labels(NamedTuple):
    """What an ensemble says of images."""

    probabilities: np.ndarray  # mean over the members, float32 `[N, H, W, 1]`
    # Mean Dice between the masks of two members, over all pairs of members, float64 `[N]` in [0, 1]; 1 where all find
    # nothing.
    agreement: np.ndarray

    @property
    def masks(self) -> np.ndarray:
        """Bool `[N, H, W, 1]`."""
        return self.probabilities >= THRESHOLD

    @property
    def soft_masks(self) -> np.ndarray:
        """The probabilities times 255, uint8 `[N, H, W, 1]`."""
        return np.rint(255.0 * self.probabilities).astype(np.uint8)


def label_images(members: Sequence[Member], images: np.ndarray) -> Labels:
    """The masks of an ensemble."""
    if len(members) < FEWEST_MEMBERS:
        raise UserError(f"agreement needs at least {FEWEST_MEMBERS} U-Nets, got {len(members)}: train more, by --seed")
    found = [member.probabilities(images) for member in members]
    masks = [(probabilities >= THRESHOLD)[..., 0] for probabilities in found]
    agreement = [
        np.mean([confusion(*pair).dice for pair in combinations(of_image, 2)]) for of_image in zip(*masks, strict=True)
    ]
    return Labels(np.mean(found, axis=0, dtype=np.float32), np.array(agreement))


def most_agreed(agreement: np.ndarray, left_out: float) -> np.ndarray:
    """Places of the images that are used, in their order.

    Args:
        agreement: float `[N]`.
        left_out: share of the images to leave out, those with the least agreement; of equal ones the later.
    """
    count = len(agreement) - int(left_out * len(agreement))
    return np.sort(np.argsort(-agreement, kind="stable")[:count])


def run_member(run: RunDirectory) -> Member:
    """The U-Net of a run directory: its best epoch where it stopped early, else its last one.

    Raises:
        UserError: the directory holds another kind of run, or no checkpoint.
    """
    config = read_record(run).config
    model = build_segmentation_model(config, 1)
    restore(model, checkpoints.find(run, "best" if config.early_stopping else "latest"))

    def probabilities(images: np.ndarray) -> np.ndarray:
        _check_size(str(run.path), config.image_size, images)
        return model.probabilities(images)

    digest = weights_digest(model.unet)
    keras.backend.clear_session()
    return Member(digest, probabilities)


def exported_member(version: Path, digest: str) -> Member:
    """An exported U-Net, by its signature alone."""
    loaded = LoadedVersion(version)
    default = loaded.signatures.get("serving_default")
    if default is None or set(default.outputs) != {"mask_bytes", "probability"}:
        raise UserError(f"{version} is no exported U-Net: give one of python -m tfgan_thyroid.segment --export-to")

    def probabilities(images: np.ndarray) -> np.ndarray:
        parts = []
        for start in range(0, len(images), PREDICTION_BATCH):
            pngs = np.array([encode_png(image[..., 0]) for image in images[start : start + PREDICTION_BATCH]], object)
            try:
                parts.append(loaded.run("serving_default", {"image_bytes": pngs})["probability"])
            except ApiError as error:
                raise UserError(f"{version} refused the images ({error})") from None
        return np.concatenate(parts)

    return Member(digest, probabilities)


def _check_size(name: str, image_size: int, images: np.ndarray) -> None:
    height, width = images.shape[1:3]
    if (height, width) != (image_size, image_size):
        raise UserError(
            f"{name} is a U-Net for {image_size}x{image_size} pixels, the images have {width}x{height}: bring them to "
            "its size with python -m pipeline.preprocess"
        )
