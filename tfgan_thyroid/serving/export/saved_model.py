"""Networks of a run as SavedModel versions that TF Serving picks up: each appears whole, by one rename."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.generator_weights import load_encoder, load_generator, weights_digest
from tfgan_thyroid.runs.run_directory import RunDirectory
from tfgan_thyroid.serving.export import warmup
from tfgan_thyroid.serving.export.comparison import COMPARED, Expected, noise
from tfgan_thyroid.serving.export.model_card import Provenance, card_of
from tfgan_thyroid.serving.export.model_card_text import card_text
from tfgan_thyroid.serving.export.signatures import EncoderSignatures, GeneratorSignatures
from tfgan_thyroid.serving.export.version import publish

WARM_UP_BATCHES = (1, 8, 32)
"""Batch sizes that a version has met before it answers anybody; the last is TF Serving's limit in docker/serving."""


def export_generator(
    run: RunDirectory,
    output: Path,
    which: str = "latest",
    dtype: str = "float32",
    truncation: bool = False,
    provenance: Provenance | None = None,
) -> Path:
    """Exports a checkpoint's generator as the next version under `output`.

    Args:
        run: a run directory.
        output: `saved_models/NAME`; versions are its integer subdirectories.
        which: checkpoint, `latest`, `best` or an iteration.
        dtype: of the kernels, `float32` or `bfloat16`.
        truncation: adds the signature `generate_truncated`.
        provenance: for the model card.

    Returns:
        The version's directory.

    Raises:
        UserError: no such checkpoint, the file system refused the files, or the exported form does not know a layer
            or computes another function than the network.
    """
    checkpoint = checkpoints.find(run, which)
    generator = load_generator(run.read().config, checkpoint)
    signatures = GeneratorSignatures(generator, dtype)
    functions = signatures.traced(truncation)
    warm_up: list[warmup.Request] = [("serving_default", {"seed": np.arange(n)}) for n in WARM_UP_BATCHES]
    warm_up.append(("generate_from_latent", {"latent": np.zeros([1, signatures.latent_size], np.float32)}))
    if truncation:
        warm_up.append(("generate_truncated", {"seed": np.arange(1), "truncation": np.ones(1, np.float32)}))
    latents = tf.random.stateless_normal([COMPARED, signatures.latent_size], [0, 0]).numpy()
    expected = [
        Expected("generate_from_latent", {"latent": latents}, name, values.numpy())
        for name, values in signatures.outputs(generator(latents, training=False)).items()
    ]
    digest = weights_digest(generator)
    card = card_of(run, int(checkpoint.name), "generator", dtype, list(functions), digest, provenance)
    return publish(output, functions, warm_up, expected, card, card_text(card), dtype)


def export_encoder(
    run: RunDirectory, output: Path, which: str = "latest", provenance: Provenance | None = None
) -> Path:
    """Exports a checkpoint's encoder, with the generator that reconstructs, as the next version under `output`.

    Args, returned value and errors as of `export_generator`.
    """
    checkpoint, config = checkpoints.find(run, which), run.read().config
    encoder, generator = load_encoder(config, checkpoint), load_generator(config, checkpoint)
    signatures = EncoderSignatures(encoder, GeneratorSignatures(generator))
    functions = signatures.traced()
    images, *channels = noise(encoder.input_shape[1:])
    files = dict(zip(signatures.input_names, channels, strict=True))
    warm_up = [(name, {key: pngs[:1] for key, pngs in files.items()}) for name in functions]
    expected = [Expected("serving_default", files, "latent", encoder(images, training=False).numpy())]
    digest = weights_digest(encoder)
    card = card_of(run, int(checkpoint.name), "encoder", "float32", list(functions), digest, provenance)
    return publish(output, functions, warm_up, expected, card, card_text(card))
