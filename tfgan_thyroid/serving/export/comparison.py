"""The last step before an export is published: the written functions against the network, on a few inputs."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfgan_thyroid.data.preprocessing import scale_to_unit_range
from tfgan_thyroid.errors import UserError

TOLERANCES = {"float32": 1e-3, "bfloat16": 2e-2}
"""Mean absolute difference that rounding may make, by the type of the kernels; outputs lie in [-1, 1], or near it."""


COMPARED = 4
"""Inputs on which an export is compared with its network."""


class Expected(NamedTuple):
    """What the network makes of some inputs, and which output of which signature must equal it."""

    signature: str
    inputs: dict[str, np.ndarray]
    output: str
    values: np.ndarray  # float32


def compare(directory: Path, expected: Iterable[Expected], dtype: str = "float32") -> None:
    """Loads a SavedModel with kernels of a type and compares what it computes with what the network computes.

    Raises:
        UserError: an output differs by more than rounding.
    """
    signatures = tf.saved_model.load(str(directory)).signatures
    for signature, inputs, output, values in expected:
        tensors = {name: tf.constant(value) for name, value in inputs.items()}
        difference = float(np.mean(np.abs(signatures[signature](**tensors)[output].numpy() - values)))
        if not difference <= TOLERANCES[dtype]:  # a NaN, too
            raise UserError(
                f"not exported: {output!r} of {signature!r} differs from the trained network by {difference:.2g} on "
                f"average, more than the {TOLERANCES[dtype]:g} of rounding: the exported form computes another function"
            )


def noise(shape: Sequence[int]) -> list[Any]:
    """A few images of noise, `[N, H, W, C]` in [-1, 1], and then the PNG files of each of their channels, `[N]`."""
    levels = tf.random.stateless_uniform([COMPARED, *shape], [0, 0], 0, 256, tf.int32)
    files = [
        np.array([tf.io.encode_png(image).numpy() for image in tf.cast(channel, tf.uint8)], object)
        for channel in tf.split(levels, shape[-1], axis=-1)
    ]
    return [scale_to_unit_range(tf.cast(levels, tf.float32)), *files]
