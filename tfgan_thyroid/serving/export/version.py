"""One version of a SavedModel, for generators and U-Nets alike: written, compared, and published by one rename."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfgan_thyroid import atomic
from tfgan_thyroid.errors import UserError, file_error_reason
from tfgan_thyroid.serving.export import warmup
from tfgan_thyroid.serving.export.comparison import Expected, compare
from tfgan_thyroid.serving.export.model_card import write_card
from tfgan_thyroid.serving.versions import versions_in


def publish(
    output: Path,
    functions: dict[str, Any],
    warm_up: Sequence[warmup.Request],
    expected: Sequence[Expected],
    card: dict[str, Any],
    card_text: str,
    dtype: str = "float32",
) -> Path:
    """Writes a version under the next integer of `output`.

    Args:
        output: `saved_models/NAME`; versions are its integer subdirectories.
        functions: traced signatures by name.
        warm_up: requests that are played when the version is loaded.
        expected: what the network makes of a few inputs; the version is published only if it makes the same.
        card: of the model, for `model_card.json`.
        card_text: the same in Markdown, for `model_card.md`.
        dtype: of the kernels, `float32` or `bfloat16`.

    Raises:
        UserError: the file system refused the files, or the version computes another function than the network.
    """
    version = output / str(max(versions_in(output), default=0) + 1)
    try:
        with atomic.new_directory(version) as temporary:
            save(temporary, functions)
            warmup.write(temporary, output.resolve().name, warm_up)
            write_card(temporary, card, card_text)
            compare(temporary, expected, dtype)
    except tf.errors.OpError as error:
        raise UserError(f"cannot write {version}: {file_error_reason(error.message)}") from None
    return version


def save(directory: Path, functions: dict[str, Any]) -> None:
    """Writes traced signatures, and the variables that they use, as a SavedModel."""
    module = tf.Module()
    # Keras 3's ExportArchive would write each of them twice.
    module.network_variables = [variable for function in functions.values() for variable in function.variables]
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)  # nobody differentiates what is served
    tf.saved_model.save(module, str(directory), functions, options)
