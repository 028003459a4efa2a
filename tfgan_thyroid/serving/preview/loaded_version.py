"""One SavedModel version in memory, loaded by its tags and signatures alone, as TF Serving's loader does."""

import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.serving.preview.api_errors import ApiError


class LoadedVersion:
    """A session over the graph of a SavedModel; closed when nobody holds this object any more.

    Raises:
        UserError: it does not hold a SavedModel that can be read.
    """

    def __init__(self, directory: Path) -> None:
        self._session = tf.compat.v1.Session(graph=tf.Graph())
        weakref.finalize(self, self._session.close)
        try:
            with self._session.graph.as_default():
                loaded = tf.compat.v1.saved_model.load(self._session, [tf.saved_model.SERVING], str(directory))
        except (OSError, RuntimeError, tf.errors.OpError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"{directory} cannot be loaded as a SavedModel ({reason})") from None
        # Without inputs: the operation that initializes tables.
        self.signatures = {name: found for name, found in loaded.signature_def.items() if found.inputs}
        self._calls: dict[str, Callable[..., list]] = {}

    def inputs(self, signature: str) -> dict[str, tf.TensorSpec]:
        """The inputs of a signature by name."""
        if signature not in self.signatures:
            raise ApiError(f"there is no signature {signature!r}, but {', '.join(self.signatures)}")
        return {
            name: tf.TensorSpec(info.tensor_shape, info.dtype)
            for name, info in sorted(self.signatures[signature].inputs.items())
        }

    def run(self, signature: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs of a signature by name; each input must have the right type.

        Raises:
            ApiError: an input has the wrong name or shape, or the graph failed.
        """
        wanted = self.inputs(signature)
        if set(inputs) != set(wanted):
            raise ApiError(f"signature {signature} takes {', '.join(wanted)}, not {', '.join(inputs)}")
        for name, spec in wanted.items():
            if not spec.shape.is_compatible_with(inputs[name].shape):
                raise ApiError(f"input {name} takes shape {spec.shape}, not {inputs[name].shape}")
        try:
            values = self._call(signature)(*(inputs[name] for name in wanted))
        except tf.errors.OpError as error:
            status = 400 if isinstance(error, tf.errors.InvalidArgumentError) else 500
            raise ApiError(error.message.splitlines()[0], status) from None
        return dict(zip(sorted(self.signatures[signature].outputs), values, strict=True))

    def _call(self, signature: str) -> Callable[..., list]:
        if signature not in self._calls:
            definition, graph = self.signatures[signature], self._session.graph
            outputs, inputs = (
                [graph.get_tensor_by_name(info.name) for _, info in sorted(tensors.items())]
                for tensors in (definition.outputs, definition.inputs)
            )
            self._calls[signature] = self._session.make_callable(outputs, inputs)
        return self._calls[signature]
