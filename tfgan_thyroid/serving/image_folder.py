"""Generated images as a folder of PNG files with a manifest."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import keras
import tensorflow as tf
from tqdm import tqdm

from tfgan_thyroid import __version__, atomic
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.runs.generator_weights import weights_digest
from tfgan_thyroid.serving.export.signatures import GeneratorSignatures
from tfgan_thyroid.serving.layouts import LAYOUTS
from tfgan_thyroid.serving.png_files import PLACES


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

    Image i is the one that the exported generator serves for seed `seed + i`. Each file carries text chunks that say
    that it is synthetic, by which model and from which seed.

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
        UserError: `output` holds something already, or the layout wants masks.
    """
    arranged = LAYOUTS[layout]
    arranged.check(paired=generator.output_shape[-1] > 1)
    if output.is_dir() and not any(output.iterdir()):
        output.rmdir()
    if output.exists():
        raise UserError(f"{output} holds something already: give a new --output, or remove it")
    digest = weights_digest(generator)
    entries = []
    with atomic.new_directory(output) as temporary:
        for image_seed, pngs in _png_files(generator, count, seed, batch_size):
            entry: dict[str, object] = {"seed": image_seed}
            for kind, png in pngs.items():
                _, name_key, digest_key = PLACES[kind]
                is_image = name_key == "file"
                place = (arranged.image if is_image else arranged.mask).format(f"synthetic_{image_seed:010d}")
                content = (arranged.encode_image if is_image else arranged.encode_mask)(png, _about(digest, image_seed))
                (temporary / place).parent.mkdir(exist_ok=True)
                (temporary / place).write_bytes(content)
                entry |= {name_key: place, digest_key: hashlib.sha256(content).hexdigest()}
            entries.append(entry)
        if arranged.write_index is not None:
            arranged.write_index(temporary, entries)
        manifest = {
            "synthetic": True,
            "model_digest": digest,
            "package_version": __version__,
            **facts,
            "images": entries,
        }
        (temporary / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    return manifest


def _about(digest: str, seed: int) -> dict[str, str]:
    """What each file says of itself."""
    software = f"tfgan-thyroid {__version__}"
    return {"Synthetic": "true", "Model digest": digest, "Seed": str(seed), "Software": software}


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
