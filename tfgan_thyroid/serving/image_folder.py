"""Images of a run's generator as a folder of files with a manifest."""

from collections.abc import Iterator
from pathlib import Path

import keras
import tensorflow as tf
from tqdm import tqdm

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.runs.generator_weights import weights_digest
from tfgan_thyroid.serving.export.signatures import GeneratorSignatures
from tfgan_thyroid.serving.layouts import LAYOUTS
from tfgan_thyroid.serving.synthetic_folder import write_folder


def write_images(
    generator: keras.Model,
    output: Path,
    count: int,
    seed: int,
    batch_size: int,
    facts: dict[str, object],
    layout: str = "plain",
) -> dict[str, object]:
    """Writes images, a paired generator's masks, and `manifest.json`; the directory appears by one rename.

    Image i is the one that the exported generator serves for seed `seed + i`. Each file says that it is synthetic, by
    which model and from which seed.

    Args:
        generator: maps latents to images.
        output: must not exist, or be empty.
        count: number of images.
        seed: of the first image.
        batch_size: images at a time.
        facts: about the run, for the manifest.
        layout: one of `LAYOUTS`. `plain`: `images/synthetic_SEED.png`, and masks, 0 and 255, in `masks/` under the
            names of their images.

    Returns:
        The manifest.

    Raises:
        UserError: `output` holds something already, or the layout needs masks.
    """
    if LAYOUTS[layout].needs_masks and generator.output_shape[-1] < 2:
        raise UserError(
            f"layout {layout} is of images with masks, and the run makes images alone: train with --paired, or give "
            "--layout plain or dicom"
        )
    digest = weights_digest(generator)
    images = _png_files(generator, count, seed, batch_size)
    return write_folder(output, images, {"Model digest": digest}, {"model_digest": digest, **facts}, LAYOUTS[layout])


def _png_files(
    generator: keras.Model, count: int, seed: int, batch_size: int
) -> Iterator[tuple[int, dict[str, bytes]]]:
    """Each seed with its files by the name of the signature's output."""
    signatures = GeneratorSignatures(generator)
    serve = signatures.traced()["serving_default"]
    with tqdm(total=count, unit="image", desc="generate") as progress:
        for start in range(seed, seed + count, batch_size):
            seeds = range(start, min(start + batch_size, seed + count))
            outputs = serve(tf.constant(list(seeds), tf.int64))
            for index, image_seed in enumerate(seeds):
                yield image_seed, {name: pngs[index].numpy() for name, pngs in outputs.items()}
            progress.update(len(seeds))
