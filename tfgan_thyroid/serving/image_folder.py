"""Generated images as a folder of PNG files with a manifest."""

import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path

import keras
import tensorflow as tf
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tqdm import tqdm

from tfgan_thyroid import __version__, atomic
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.runs.generator_weights import model_digest
from tfgan_thyroid.serving.export.signatures import GeneratorSignatures
from tfgan_thyroid.serving.png_files import PLACES


def write_images(
    generator: keras.Model, output: Path, count: int, seed: int, batch_size: int, facts: dict[str, object]
) -> dict[str, object]:
    """Writes `images/synthetic_SEED.png` and `manifest.json`; the directory appears by one rename.

    A paired generator's masks, 0 and 255, go to `masks/` under the names of their images.

    Image i is the one that the exported generator serves for seed `seed + i`. Each file carries text chunks that say
    that it is synthetic, by which model and from which seed.

    Args:
        generator: maps latents to images.
        output: must not exist, or be empty.
        count: number of images.
        seed: of the first image.
        batch_size: images at a time.
        facts: about the run, for the manifest.

    Returns:
        The manifest.

    Raises:
        UserError: `output` holds something already.
    """
    if output.is_dir() and not any(output.iterdir()):
        output.rmdir()
    if output.exists():
        raise UserError(f"{output} holds something already: give a new --output, or remove it")
    digest = model_digest(generator)
    entries = []
    with atomic.new_directory(output) as temporary:
        for image_seed, pngs in _png_files(generator, count, seed, batch_size):
            entry: dict[str, object] = {"seed": image_seed}
            for kind, png in pngs.items():
                folder, name_key, digest_key = PLACES[kind]
                name = f"{folder}/synthetic_{image_seed:010d}.png"
                content = _with_text(png, digest, image_seed)
                (temporary / folder).mkdir(exist_ok=True)
                (temporary / name).write_bytes(content)
                entry |= {name_key: name, digest_key: hashlib.sha256(content).hexdigest()}
            entries.append(entry)
        manifest = {
            "synthetic": True,
            "model_digest": digest,
            "package_version": __version__,
            **facts,
            "images": entries,
        }
        (temporary / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    return manifest


def _png_files(
    generator: keras.Model, count: int, seed: int, batch_size: int
) -> Iterator[tuple[int, dict[str, bytes]]]:
    """Each seed with its files by the name of the signature's output."""
    signatures = GeneratorSignatures(generator)
    serve = tf.function(signatures.serving_default, input_signature=[signatures.seed_spec])
    with tqdm(total=count, unit="image", desc="generate") as progress:
        for start in range(seed, seed + count, batch_size):
            seeds = range(start, min(start + batch_size, seed + count))
            outputs = serve(tf.constant(list(seeds), tf.int64))
            for index, image_seed in enumerate(seeds):
                yield image_seed, {name: pngs[index].numpy() for name, pngs in outputs.items()}
            progress.update(len(seeds))


def _with_text(png: bytes, digest: str, seed: int) -> bytes:
    text = PngInfo()
    for key, value in (
        ("Synthetic", "true"),
        ("Model digest", digest),
        ("Seed", str(seed)),
        ("Software", f"tfgan-thyroid {__version__}"),
    ):
        text.add_text(key, value)
    file = io.BytesIO()
    Image.open(io.BytesIO(png)).save(file, "PNG", pnginfo=text)
    return file.getvalue()
