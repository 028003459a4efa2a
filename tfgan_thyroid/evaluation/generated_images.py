"""Images of a generator, from a run or a SavedModel, as a source to compare."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfgan_thyroid.data.preprocessing import quantize
from tfgan_thyroid.evaluation.image_sources import (
    ImageSource,
    Kind,
    dataset_source,
    folder_source,
    identify,
    source_facts,
)
from tfgan_thyroid.evaluation.progress import progress_bar
from tfgan_thyroid.evaluation.saved_generator import files_digest, model_card, newest_version, saved_generator
from tfgan_thyroid.models.random_draws import latents_from_seeds
from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.generator_weights import load_generator, weights_digest
from tfgan_thyroid.runs.run_directory import RunDirectory

GENERATION_BATCH = 50


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
        return dataset_source(path, split)
    if kind is Kind.FOLDER:
        return folder_source(path)
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
    return ImageSource(images, kind, source_facts(images, kind, weights_digest(generator), facts), run=run)


def run_images(run: RunDirectory, which: str, weights: str | None, count: int, seed: int = 0) -> np.ndarray:
    """Images of the seeds `seed`, `seed + 1`, ... as `generate` would write them, of a checkpoint of a run.

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
    return ImageSource(images, Kind.SAVED_MODEL, source_facts(images, Kind.SAVED_MODEL, digest, facts))
