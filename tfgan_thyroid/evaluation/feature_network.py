"""Features of a network that the user has: a SavedModel or a Keras file. Nothing in the file is run as Python."""

import hashlib
import json
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import keras
import tensorflow as tf

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.evaluation.features import FeatureExtractor

KERAS_MODULES = re.compile(r"(keras|tf_keras|tensorflow\.keras|tensorflow\.python\.keras)(\.|$)")
CODE = {"Lambda", "__lambda__"}


def network_features(file: Path, channels: int = 1) -> FeatureExtractor:
    """The output of a user's network, over positions its mean.

    Images go in as float32 in [-1, 1], grey repeated to the channels that it takes, resized bilinearly to its size: a
    network that wants another range starts with a `Rescaling` layer.

    Args:
        file: directory of a SavedModel, or a `.keras`, `.h5` or `.hdf5` file of a whole model.
        channels: of the images.
    """
    apply, shape = _saved_model(file) if (file / "saved_model.pb").is_file() else _keras_file(file)
    if len(shape) != 4 or shape[-1] not in (channels, 3):
        raise UserError(f"{file} takes inputs of shape {shape}: a feature network takes images [N, H, W, 1 or 3]")

    def embed(images: tf.Tensor) -> tf.Tensor:
        if shape[1] and shape[2]:
            images = tf.image.resize(images, shape[1:3])
        found = apply(tf.repeat(images, shape[-1] // images.shape[-1], axis=-1))
        found = list(found.values()) if isinstance(found, dict) else found
        found = found[0] if isinstance(found, list | tuple) and len(found) == 1 else found
        if isinstance(found, list | tuple) or len(found.shape) not in (2, 4):
            raise UserError(f"{file} does not give one vector or one map an image: cut it at a layer that does")
        return tf.reduce_mean(found, axis=[1, 2]) if len(found.shape) == 4 else found

    return FeatureExtractor(f"a network of the user's, digest {_digest(file)}", embed)


def _saved_model(folder: Path) -> tuple[Callable[[tf.Tensor], Any], tuple]:
    try:
        loaded = tf.saved_model.load(os.fspath(folder))
        signature = loaded.signatures["serving_default"]
    except (OSError, KeyError, RuntimeError, tf.errors.OpError) as error:
        raise UserError(
            f"{folder} has no signature serving_default that can be loaded ({_first_line(error)})"
        ) from None
    inputs = signature.structured_input_signature[1]
    if len(inputs) != 1:
        raise UserError(f"{folder} takes {len(inputs)} inputs: a feature network takes one, images")
    ((name, spec),) = inputs.items()
    # The signature lives as long as what holds it.
    return lambda images: (loaded, signature(**{name: images}))[1], tuple(spec.shape)


def _keras_file(file: Path) -> tuple[Callable[[tf.Tensor], Any], tuple]:
    if not file.is_file():
        raise UserError(f"{file} is no file and no SavedModel: give --feature-network a SavedModel, .keras or .h5 file")
    for part in _dictionaries(_architecture(file)):
        name, module = part.get("class_name"), part.get("module")
        foreign = isinstance(module, str) and not KERAS_MODULES.match(module)
        if name in CODE or (foreign and (module, name) != ("builtins", "function")):
            what = "a Lambda layer" if name in CODE else f"code of {module}"
            raise UserError(f"{file} holds {what}, which is not run: save the network from Keras's own layers alone")
    try:
        network = keras.models.load_model(os.fspath(file), compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever a wrong file provokes
        raise UserError(f"{file} cannot be loaded by Keras {keras.__version__} ({_first_line(error)})") from None
    return lambda images: network(images, training=False), tuple(network.input_shape)


def _architecture(file: Path) -> Any:
    """The configuration that a Keras file holds, as JSON, read without Keras."""
    try:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                return json.loads(archive.read("config.json"))
        with h5py.File(file) as stored:
            return json.loads(stored.attrs["model_config"])
    except (OSError, KeyError, ValueError) as error:
        raise UserError(
            f"{file} is no Keras file of a whole model ({_first_line(error)}): weights alone are not enough"
        ) from None


def _dictionaries(value: Any) -> Iterator[dict]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _dictionaries(each)


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    files = [file] if file.is_file() else [file / "saved_model.pb", *sorted((file / "variables").glob("*"))]
    for each in files:
        digest.update(each.read_bytes())
    return digest.hexdigest()[:12]


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
