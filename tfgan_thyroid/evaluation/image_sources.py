"""Images to compare, from wherever they are: a data set, a folder, a run, a SavedModel. Described without any name."""

import dataclasses
import enum
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfgan_thyroid.data.preprocessing import quantize
from tfgan_thyroid.data.records import schema
from tfgan_thyroid.data.scans.files import ScanError, load_grey
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.evaluation.progress import progress_bar
from tfgan_thyroid.evaluation.saved_generator import (
    decode_png,
    files_digest,
    model_card,
    newest_version,
    saved_generator,
)
from tfgan_thyroid.models.random_draws import latents_from_seeds
from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.generator_weights import load_generator, weights_digest
from tfgan_thyroid.runs.run_directory import RunDirectory

MOST_IMAGES = 10_000
"""More of a data set or a folder are not looked at."""

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}
GENERATION_BATCH = 50


class Kind(enum.Enum):
    """What a path holds."""

    DATASET = "data set"
    RUN = "run"
    SAVED_MODEL = "SavedModel"
    FOLDER = "folder of images"


@dataclasses.dataclass(frozen=True)
class ImageSource:
    """Images and where they are from, without the name of a file, a folder or a patient.

    Attributes:
        images: uint8 `[N, H, W, C]`.
        kind: what they were read from.
        facts: JSON-able: `kind`, `count`, `image_size`, `digest` and what is particular to the kind.
        groups: int `[N]`, which images are of one patient; None where that is not known.
        run: the run directory, of a run.
    """

    images: np.ndarray
    kind: Kind
    facts: dict[str, Any]
    groups: np.ndarray | None = None
    run: RunDirectory | None = None

    @property
    def description(self) -> str:
        """One line."""
        parts = [f"{key.replace('_', ' ')} {value}" for key, value in self.facts.items() if key not in _HEAD]
        count, (height, width) = len(self.images), self.images.shape[1:3]
        return ", ".join([f"{count} images of {height}x{width} pixels from a {self.kind.value}", *parts])


_HEAD = ("kind", "count", "image_size", "trained_on", "trained_split")


def identify(path: Path) -> Kind:
    """What lies there, by the files that only one kind has.

    Raises:
        UserError: nothing, or nothing of these.
    """
    if not path.exists():
        raise UserError(f"{path} does not exist")
    if (path / schema.DATASET_FILE).is_file():
        return Kind.DATASET
    if (path / "config.json").is_file():
        return Kind.RUN
    if newest_version(path) is not None:
        return Kind.SAVED_MODEL
    if path.is_dir() and _image_files(path):
        return Kind.FOLDER
    raise UserError(
        f"{path} is no data set, run, SavedModel or folder of images (PNG, JPEG, BMP, TIFF; in it or in its images/)"
    )


def real_source(path: Path, split: str) -> ImageSource:
    """Real scans: of a split of a data set, or of a folder.

    Raises:
        UserError: the path holds a generator or nothing, the split is empty, or a file cannot be used.
    """
    kind = identify(path)
    if kind is Kind.DATASET:
        return _dataset_source(path, split)
    if kind is Kind.FOLDER:
        return _folder_source(path)
    raise UserError(f"{path} is a {kind.value}, which has no real scans: give a data set or a folder as --real")


def training_source(run: RunDirectory) -> ImageSource:
    """The scans that a run learns from.

    Raises:
        UserError: the data set is not there or damaged.
    """
    record = run.read()
    return _dataset_source(Path(record.data), record.split, record.scan_ids)


def held_out_source(path: Path, split: str) -> ImageSource | None:
    """The scans of a data set outside `split`, None where there are none or it is no data set."""
    if identify(path) is not Kind.DATASET:
        return None
    counts = schema.DatasetInfo.load(path).counts
    others = [name for name in schema.SPLITS if name != split and counts.get(name)]
    if not others:
        return None
    parts = [_dataset_source(path, name) for name in others]
    images = np.concatenate([part.images for part in parts])
    facts = {**parts[0].facts, "count": len(images), "split": " and ".join(others)}
    groups = None
    if all(part.groups is not None for part in parts):
        # No patient is in two splits.
        firsts = np.cumsum([0, *(part.facts["groups"] for part in parts)])
        groups = np.concatenate([part.groups + first for part, first in zip(parts, firsts[:-1], strict=True)])
        facts["groups"] = int(firsts[-1])
    return ImageSource(images, Kind.DATASET, facts, groups)


def generated_source(
    path: Path, count: int, seed: int, split: str = "train", checkpoint: str = "latest", weights: str | None = None
) -> ImageSource:
    """Generated images: of a run's or a SavedModel's generator, or of a folder or data set that holds them.

    Args:
        path: of either.
        count: how many to generate, from the seeds `seed`, `seed + 1`, ...; of files all are taken.
        seed: of the first image.
        split: of a data set.
        checkpoint: of a run, `latest`, `best` or an iteration.
        weights: of a run, `average` or `raw`; by default the average where it keeps one.

    Raises:
        UserError: nothing is there, or it cannot be used.
    """
    kind = identify(path)
    if kind is Kind.DATASET:
        return _dataset_source(path, split)
    if kind is Kind.FOLDER:
        return _folder_source(path)
    if kind is Kind.SAVED_MODEL:
        return _saved_model_source(path, count, seed)
    run = RunDirectory.open(path)
    record = run.read()
    config, found = record.config, checkpoints.find(run, checkpoint)
    facts: dict[str, Any] = {
        "model": config.model,
        "preset": config.preset,
        "iteration": int(found.name),
        "weights": weights or ("average" if config.ema_decay else "raw"),
        "first_seed": seed,
        "trained_on": record.dataset_digest,
        "trained_split": record.split,
    }
    generator = load_generator(config, found, weights)
    images = _generate(_run_generator(generator, config.latent_size), count, seed)
    return ImageSource(images, kind, _facts(images, kind, weights_digest(generator), facts), run=run)


def run_images(run: RunDirectory, which: str, weights: str | None, count: int, seed: int = 0) -> np.ndarray:
    """Images of the seeds `seed`, `seed + 1`, ... as `generate` would write them.

    Args:
        run: a run directory.
        which: checkpoint, `latest`, `best` or an iteration.
        weights: `average` or `raw`; by default the average where the run keeps one.
        count: how many.
        seed: of the first.

    Returns:
        uint8 `[count, H, W, 1]`; of a paired generator the images without their masks.

    Raises:
        UserError: there is no such checkpoint or average, or the generator makes no numbers.
    """
    config = run.read().config
    generator = load_generator(config, checkpoints.find(run, which), weights)
    return _generate(_run_generator(generator, config.latent_size), count, seed)


def _run_generator(generator: Any, latent_size: int) -> Callable[[np.ndarray], np.ndarray]:
    def make(seeds: np.ndarray) -> np.ndarray:
        latents = latents_from_seeds(tf.constant(seeds, tf.int64), latent_size)
        return quantize(generator(latents, training=False).numpy())[..., :1]

    return make


def _generate(make: Callable[[np.ndarray], np.ndarray], count: int, seed: int) -> np.ndarray:
    parts = []
    with progress_bar(count, "image", "generate") as progress:
        for start in range(seed, seed + count, GENERATION_BATCH):
            parts.append(make(np.arange(start, min(start + GENERATION_BATCH, seed + count))))
            progress.update(len(parts[-1]))
    return np.concatenate(parts)


def _saved_model_source(path: Path, count: int, seed: int) -> ImageSource:
    version = newest_version(path)
    assert version is not None
    images = _generate(saved_generator(version), count, seed)
    card = model_card(version)
    known = {"model": card.get("config", {}).get("model"), "iteration": card.get("iteration"), "first_seed": seed}
    known |= {"trained_on": card.get("dataset_digest"), "trained_split": card.get("split")}
    facts = {name: value for name, value in known.items() if value is not None}
    digest = card.get("model_digest") or files_digest(version)
    return ImageSource(images, Kind.SAVED_MODEL, _facts(images, Kind.SAVED_MODEL, digest, facts))


def _dataset_source(path: Path, split: str, scan_ids: Sequence[str] | None = None) -> ImageSource:
    info = schema.DatasetInfo.load(path)
    features = {
        schema.IMAGE_ENCODED: tf.io.FixedLenFeature([], tf.string),
        schema.IMAGE_GROUP_ID: tf.io.FixedLenFeature([], tf.string, ""),
        schema.IMAGE_SOURCE_ID: tf.io.FixedLenFeature([], tf.string, ""),
    }
    images, ids = [], []
    wanted = None if scan_ids is None else {scan.encode() for scan in scan_ids}
    records = tf.data.TFRecordDataset([str(shard) for shard in schema.shard_paths(path, split)]).take(MOST_IMAGES)
    try:
        for example in records.map(lambda record: tf.io.parse_single_example(record, features)).as_numpy_iterator():
            if wanted is not None and example[schema.IMAGE_SOURCE_ID] not in wanted:
                continue
            images.append(decode_png(example[schema.IMAGE_ENCODED]))
            ids.append(example[schema.IMAGE_GROUP_ID])
    except tf.errors.OpError as error:
        raise UserError(
            f"a record of {path} is damaged ({error.message.splitlines()[0]}): write the data set again"
        ) from None
    groups = np.unique(ids, return_inverse=True)[1] if all(ids) else None
    facts: dict[str, Any] = {"split": split, **_left_out(info.counts[split])}
    if groups is not None:
        facts["groups"] = int(groups.max()) + 1
    stacked = np.stack(images)
    return ImageSource(stacked, Kind.DATASET, _facts(stacked, Kind.DATASET, info.digest, facts), groups)


def _image_files(path: Path) -> list[Path]:
    """The image files in a folder or, where it has such a one, in its `images/`, sorted by name."""
    inner = path / "images"
    folder = inner if inner.is_dir() else path
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file())


def _folder_source(path: Path) -> ImageSource:
    there = _image_files(path)
    files = there[:MOST_IMAGES]
    images: list[np.ndarray] = []
    for file in files:
        try:
            images.append(load_grey(file))
        except ScanError as error:
            raise UserError(f"{file} cannot be used: {error.reason} ({error.detail})") from None
        if images[-1].shape != images[0].shape:
            first, here = ("x".join(map(str, image.shape[::-1])) for image in (images[0], images[-1]))
            raise UserError(
                f"the images of {path} differ in size: {files[0].name} has {first} pixels, {file.name} {here}; bring "
                "them to one size with python -m pipeline.preprocess"
            )
    stacked = np.stack(images)[..., None]
    digests = sorted(hashlib.sha256(image.tobytes()).hexdigest() for image in stacked)
    digest = hashlib.sha256("".join(digests).encode()).hexdigest()
    return ImageSource(stacked, Kind.FOLDER, _facts(stacked, Kind.FOLDER, digest, _left_out(len(there))))


def _left_out(count: int) -> dict[str, int]:
    """What the facts say where there are more images than are looked at."""
    return {"left_out": count - MOST_IMAGES} if count > MOST_IMAGES else {}


def _facts(images: np.ndarray, kind: Kind, digest: str, particular: dict[str, Any]) -> dict[str, Any]:
    height, width = images.shape[1:3]
    head = {"kind": kind.value, "count": len(images), "image_size": [height, width]}
    return {**head, **particular, "digest": digest}
