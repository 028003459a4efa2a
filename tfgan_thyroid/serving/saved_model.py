"""Networks of a run as SavedModel versions that TF Serving picks up: each appears whole, by one rename."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_thyroid import atomic
from tfgan_thyroid.callbacks import checkpoints
from tfgan_thyroid.errors import UserError, file_error_reason
from tfgan_thyroid.run_directory import RunDirectory
from tfgan_thyroid.serving import warmup
from tfgan_thyroid.serving.generator_weights import in_bfloat16, load_encoder, load_generator, model_digest
from tfgan_thyroid.serving.model_card import write_model_card
from tfgan_thyroid.serving.signatures import EncoderSignatures, GeneratorSignatures

WARM_UP_BATCHES = (1, 8, 32)
"""Batch sizes that a version has met before it answers anybody; the last is TF Serving's limit in docker/serving."""

_WarmUp = tuple[str, dict[str, np.ndarray]]


@dataclass(frozen=True)
class _Servable:
    """What one version holds.

    Attributes:
        kind: `generator` or `encoder`.
        networks: whose variables are saved.
        functions: traced signatures by name.
        warm_up: requests that are played when the version is loaded.
        dtype: of the kernels.
        digest: of the weights.
    """

    kind: str
    networks: list[keras.Model]
    functions: dict[str, Any]
    warm_up: list[_WarmUp]
    dtype: str
    digest: str


def export_generator(
    run: RunDirectory, output: Path, which: str = "latest", dtype: str = "float32", truncation: bool = False
) -> Path:
    """Exports a checkpoint's generator as the next version under `output`.

    Args:
        run: a run directory.
        output: `saved_models/NAME`; versions are its integer subdirectories.
        which: checkpoint, `latest`, `best` or an iteration.
        dtype: of the kernels, `float32` or `bfloat16`.
        truncation: adds the signature `generate_truncated`.

    Returns:
        The version's directory.

    Raises:
        UserError: no such checkpoint, or the file system refused the files.
    """
    checkpoint = checkpoints.find(run, which)
    config = run.read().config
    generator = load_generator(config, checkpoint)
    digest = model_digest(generator)
    if dtype == "bfloat16":
        generator = in_bfloat16(config, generator)
    offered = GeneratorSignatures(generator)
    functions = {
        "serving_default": _trace(offered.serving_default, offered.seed_spec),
        "generate_from_latent": _trace(offered.generate_from_latent, offered.latent_spec),
    }
    if truncation:
        functions["generate_truncated"] = _trace(offered.generate_truncated, offered.seed_spec, offered.truncation_spec)
    warm_up: list[_WarmUp] = [("serving_default", {"seed": np.arange(n)}) for n in WARM_UP_BATCHES]
    warm_up.append(("generate_from_latent", {"latent": np.zeros([1, offered.latent_size], np.float32)}))
    return _export(run, checkpoint, output, _Servable("generator", [generator], functions, warm_up, dtype, digest))


def export_encoder(run: RunDirectory, output: Path, which: str = "latest") -> Path:
    """Exports a checkpoint's encoder, with the generator that reconstructs, as the next version under `output`.

    Args:
        run: a run directory.
        output: `saved_models/NAME`; versions are its integer subdirectories.
        which: checkpoint, `latest`, `best` or an iteration.

    Returns:
        The version's directory.

    Raises:
        UserError: no such checkpoint, or the file system refused the files.
    """
    checkpoint = checkpoints.find(run, which)
    config = run.read().config
    encoder, generator = load_encoder(config, checkpoint), load_generator(config, checkpoint)
    offered = EncoderSignatures(encoder, generator)
    functions = {
        name: _trace(getattr(offered, name), offered.image_bytes_spec) for name in ("serving_default", "reconstruct")
    }
    black = tf.io.encode_png(tf.zeros(offered.image_shape, tf.uint8)).numpy()
    warm_up: list[_WarmUp] = [(name, {"image_bytes": np.array([black], object)}) for name in functions]
    servable = _Servable("encoder", [encoder, generator], functions, warm_up, "float32", model_digest(encoder))
    return _export(run, checkpoint, output, servable)


def _trace(function: Callable[..., dict[str, tf.Tensor]], *specs: tf.TensorSpec) -> Any:
    return tf.function(function, input_signature=specs).get_concrete_function()


def _export(run: RunDirectory, checkpoint: Path, output: Path, servable: _Servable) -> Path:
    version = output / str(_next_version(output))
    try:
        with atomic.new_directory(version) as temporary:
            module = tf.Module()
            # Keras 3's ExportArchive would write each of them twice.
            module.network_variables = [variable for f in servable.functions.values() for variable in f.variables]
            tf.saved_model.save(module, str(temporary), servable.functions)
            warmup.write(temporary, output.resolve().name, servable.warm_up)
            write_model_card(
                temporary,
                run,
                int(checkpoint.name),
                servable.kind,
                servable.dtype,
                list(servable.functions),
                servable.digest,
            )
    except tf.errors.OpError as error:
        raise UserError(f"cannot write {version}: {file_error_reason(error.message)}") from None
    return version


def _next_version(output: Path) -> int:
    versions = [int(path.name) for path in output.glob("*") if path.name.isdigit()] if output.is_dir() else []
    return max(versions, default=0) + 1
