"""The generator as a SavedModel version that TF Serving picks up: it appears whole, by one rename."""

from pathlib import Path

import keras
import tensorflow as tf

from tfgan_thyroid import atomic
from tfgan_thyroid.callbacks import checkpoints
from tfgan_thyroid.errors import UserError, file_error_reason
from tfgan_thyroid.run_directory import RunDirectory
from tfgan_thyroid.serving.generator_weights import load_generator, model_digest
from tfgan_thyroid.serving.model_card import write_model_card
from tfgan_thyroid.serving.signatures import GeneratorSignatures


def export_generator(run: RunDirectory, output: Path, which: str = "latest") -> Path:
    """Exports a checkpoint's generator as the next version under `output`.

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
    generator = load_generator(run.read().config, checkpoint)
    version = output / str(_next_version(output))
    try:
        with atomic.new_directory(version) as temporary:
            _write(generator, temporary)
            write_model_card(temporary, run, int(checkpoint.name), model_digest(generator))
    except tf.errors.OpError as error:
        raise UserError(f"cannot write {version}: {file_error_reason(error.message)}") from None
    return version


def _write(generator: keras.Model, directory: Path) -> None:
    offered = GeneratorSignatures(generator)
    by_seed = tf.function(offered.serving_default, input_signature=[offered.seed_spec]).get_concrete_function()
    by_latent = tf.function(offered.generate_from_latent, input_signature=[offered.latent_spec]).get_concrete_function()
    servable = tf.Module()
    # Keras 3's ExportArchive would write each of them twice.
    servable.generator_variables = by_latent.variables
    signatures = {"serving_default": by_seed, "generate_from_latent": by_latent}
    tf.saved_model.save(servable, str(directory), signatures)


def _next_version(output: Path) -> int:
    versions = [int(path.name) for path in output.glob("*") if path.name.isdigit()] if output.is_dir() else []
    return max(versions, default=0) + 1
