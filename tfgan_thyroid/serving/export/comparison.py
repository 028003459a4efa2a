"""The last step before an export is published: the written functions against the network, on a few inputs."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfgan_thyroid.errors import UserError

TOLERANCES = {"float32": 1e-3, "bfloat16": 2e-2}
"""Mean absolute difference that rounding may make, by the type of the kernels; outputs lie in [-1, 1], or near it."""


class Expected(NamedTuple):
    """What the network makes of some inputs.

    Attributes:
        signature: that must make the same of them.
        inputs: by name.
        output: name of the output that is compared.
        values: float32, of the network.
    """

    signature: str
    inputs: dict[str, np.ndarray]
    output: str
    values: np.ndarray


def compare(directory: Path, expected: Iterable[Expected], dtype: str = "float32") -> None:
    """Loads a SavedModel and compares what it computes with what the network computes.

    Args:
        directory: a written version.
        expected: of the network.
        dtype: of the exported kernels.

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
