"""Networks of a run as SavedModel versions that TF Serving picks up: each appears whole, by one rename."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfgan_thyroid.data.preprocessing import scale_to_unit_range
from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.generator_weights import load_encoder, load_generator, model_digest
from tfgan_thyroid.runs.run_directory import RunDirectory
from tfgan_thyroid.serving.export.comparison import Expected
from tfgan_thyroid.serving.export.model_card import Exported, Provenance, write_model_card
from tfgan_thyroid.serving.export.signatures import EncoderSignatures, GeneratorSignatures
from tfgan_thyroid.serving.export.version import Servable, WarmUp, publish, trace

WARM_UP_BATCHES = (1, 8, 32)
"""Batch sizes that a version has met before it answers anybody; the last is TF Serving's limit in docker/serving."""

COMPARED = 4
"""Inputs on which an export is compared with its network."""

NOT_DESCRIBED = Provenance()


def export_generator(
    run: RunDirectory,
    output: Path,
    which: str = "latest",
    dtype: str = "float32",
    truncation: bool = False,
    provenance: Provenance = NOT_DESCRIBED,
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
    offered = GeneratorSignatures(generator, dtype)
    functions = generator_functions(offered, truncation)
    warm_up: list[WarmUp] = [("serving_default", {"seed": np.arange(n)}) for n in WARM_UP_BATCHES]
    warm_up.append(("generate_from_latent", {"latent": np.zeros([1, offered.latent_size], np.float32)}))
    if truncation:
        warm_up.append(("generate_truncated", {"seed": np.arange(1), "truncation": np.ones(1, np.float32)}))
    exported = Exported("generator", dtype, list(functions), model_digest(generator), int(checkpoint.name))
    latents = tf.random.stateless_normal([COMPARED, offered.latent_size], [0, 0]).numpy()
    expected = [
        Expected("generate_from_latent", {"latent": latents}, name, values.numpy())
        for name, values in offered.outputs(generator(latents, training=False)).items()
    ]
    return _publish(run, output, Servable(functions, warm_up, expected, exported.dtype), exported, provenance)


def export_encoder(
    run: RunDirectory, output: Path, which: str = "latest", provenance: Provenance = NOT_DESCRIBED
) -> Path:
    """Exports a checkpoint's encoder, with the generator that reconstructs, as the next version under `output`.

    Args:
        run: a run directory.
        output: `saved_models/NAME`; versions are its integer subdirectories.
        which: checkpoint, `latest`, `best` or an iteration.
        provenance: for the model card.

    Returns:
        The version's directory.

    Raises:
        UserError: no such checkpoint, the file system refused the files, or the exported form does not know a layer
            or computes another function than the network.
    """
    checkpoint = checkpoints.find(run, which)
    config = run.read().config
    encoder, generator = load_encoder(config, checkpoint), load_generator(config, checkpoint)
    offered = EncoderSignatures(encoder, GeneratorSignatures(generator))
    functions = {
        name: trace(getattr(offered, name), *offered.input_specs) for name in ("serving_default", "reconstruct")
    }
    black = tf.io.encode_png(tf.zeros([offered.image_size, offered.image_size, 1], tf.uint8)).numpy()
    files = {spec.name: np.array([black], object) for spec in offered.input_specs}
    warm_up: list[WarmUp] = [(name, files) for name in functions]
    exported = Exported("encoder", "float32", list(functions), model_digest(encoder), int(checkpoint.name))
    noise = tf.random.stateless_uniform([COMPARED, *encoder.input_shape[1:]], [0, 0], 0, 256, tf.int32)
    images = scale_to_unit_range(tf.cast(noise, tf.float32))
    inputs = {
        spec.name: np.array([tf.io.encode_png(png).numpy() for png in tf.cast(channel, tf.uint8)], object)
        for spec, channel in zip(offered.input_specs, tf.split(noise, encoder.input_shape[-1], axis=-1), strict=True)
    }
    expected = [Expected("serving_default", inputs, "latent", encoder(images, training=False).numpy())]
    return _publish(run, output, Servable(functions, warm_up, expected, exported.dtype), exported, provenance)


def generator_functions(offered: GeneratorSignatures, truncation: bool = False) -> dict[str, Any]:
    """The traced signatures of a generator by name; `generate_truncated` where asked for.

    They do not keep the variables of `offered` alive: hold it until they are saved.
    """
    functions = {
        "serving_default": trace(offered.serving_default, offered.seed_spec),
        "generate_from_latent": trace(offered.generate_from_latent, offered.latent_spec),
    }
    if truncation:
        functions["generate_truncated"] = trace(offered.generate_truncated, offered.seed_spec, offered.truncation_spec)
    return functions


def _publish(run: RunDirectory, output: Path, servable: Servable, exported: Exported, provenance: Provenance) -> Path:
    return publish(output, servable, lambda directory: write_model_card(directory, run, exported, provenance))
