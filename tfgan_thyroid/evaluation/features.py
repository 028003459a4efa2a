"""Spaces to compare images in: pixels, a run's encoder, a random network, Inception from a file. Nothing is fetched."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tfgan_thyroid.data.preprocessing import scale_to_unit_range
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.generator_weights import load_encoder
from tfgan_thyroid.runs.run_directory import RunDirectory

NAMES = ("pixels", "encoder", "random", "network", "inception")
BATCH = 50
INCEPTION_SIZE = 299

RANDOM_SEED = 20_240_607
RANDOM_CHANNELS = (16, 32, 64, 128)
RANDOM_GRID = 2


@dataclass(frozen=True)
class FeatureExtractor:
    """A map from images to vectors."""

    name: str  # of the space, as results state it
    embed: Callable[[tf.Tensor], tf.Tensor]  # float32 `[N, H, W, C]` in [-1, 1] to float32 `[N, F]`

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Features of images, uint8 `[N, H, W, C]`: float32 `[N, F]`."""
        parts = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
        features = np.concatenate(
            [np.asarray(self.embed(scale_to_unit_range(tf.cast(part, tf.float32)))) for part in parts]
        )
        if not np.isfinite(features).all():
            raise UserError(f"features of the space {self.name!r} hold NaN or infinity: the network has diverged")
        return features


def encoder_features(run: RunDirectory, which: str = "latest") -> FeatureExtractor:
    """The latents that a run's trained encoder gives."""
    config = run.read().config
    if config.channels != 1:
        raise UserError("--features encoder: a paired run's encoder wants masks too; use pixels or random")
    checkpoint = checkpoints.find(run, which)
    try:
        # Of one network the same features, however its images are made.
        encoder = load_encoder(config.replace(latent_scale=1.0), checkpoint)
    except UserError as error:
        raise UserError(f"no features by the encoder: {error}; use pixels or random") from None
    name = f"latents of a trained encoder ({config.model}, iteration {int(checkpoint.name)})"
    return FeatureExtractor(name, lambda images: _encode(encoder, images))


def _encode(encoder: keras.Model, images: tf.Tensor) -> tf.Tensor:
    if images.shape[1:] != encoder.input_shape[1:]:
        wanted, got = encoder.input_shape[1:3], tuple(images.shape[1:3])
        raise UserError(f"the encoder takes images of {wanted[0]}x{wanted[1]} pixels, not {got[0]}x{got[1]}")
    return encoder(images, training=False)


def random_features(channels: int = 1) -> FeatureExtractor:
    """A convolutional network that nobody trained: the same numbers from the same seed on every machine and stack.

    Four 3x3 convolutions of stride 2 with ReLU, He's normal initialization; of each, the means over a grid of 2x2
    parts of the image: 960 features. Random features keep what separates textures and layouts (Naeem et al. 2020
    recommend a random network where ImageNet's classes say nothing about the images, as in ultrasound).
    """
    rng = np.random.default_rng(RANDOM_SEED)
    kernels, fan = [], channels
    for width in RANDOM_CHANNELS:
        kernels.append((rng.standard_normal([3, 3, fan, width]) * np.sqrt(2.0 / (9 * fan))).astype(np.float32))
        fan = width

    def embed(images: tf.Tensor) -> tf.Tensor:
        maps, pooled = images, []
        for kernel in kernels:
            maps = tf.nn.relu(tf.nn.conv2d(maps, kernel, strides=2, padding="SAME"))
            pooled.append(_grid_means(maps))
        return tf.concat(pooled, axis=1)

    return FeatureExtractor(f"random convolutional network, seed {RANDOM_SEED}", embed)


def _grid_means(maps: tf.Tensor) -> tf.Tensor:
    """Means over 2x2 parts of `[N, H, W, C]`, over all of it where it is one pixel: `[N, 4 C]`."""
    height, width = maps.shape[1:3]
    rows, columns = (np.linspace(0, size, RANDOM_GRID + 1).round().astype(int) for size in (height, width))
    parts = [
        tf.reduce_mean(maps[:, top : max(bottom, top + 1), left : max(right, left + 1)], axis=[1, 2])
        for top, bottom in zip(np.minimum(rows[:-1], height - 1), rows[1:], strict=True)
        for left, right in zip(np.minimum(columns[:-1], width - 1), columns[1:], strict=True)
    ]
    return tf.concat(parts, axis=1)


def inception_features(weights: Path) -> FeatureExtractor:
    """The 2,048 pooled features of InceptionV3 with weights that the user has.

    Grey images are repeated to three channels and resized to 299 pixels bilinearly. These are not the features of
    published FID and KID numbers, which come from another conversion of the network.

    Args:
        weights: file of `keras.applications.InceptionV3(include_top=False)`, such as
            `inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5`.
    """
    if not weights.is_file():
        raise UserError(f"{weights} is not there: give --inception-weights a file of Keras's InceptionV3 without top")
    network = keras.applications.InceptionV3(include_top=False, weights=None, pooling="avg")
    try:
        network.load_weights(os.fspath(weights))
    except Exception as error:  # Keras and h5py raise whatever a wrong file provokes
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"{weights} holds no weights of Keras's InceptionV3 without top ({reason[:120]})") from None
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()[:12]

    def embed(images: tf.Tensor) -> tf.Tensor:
        colour = tf.repeat(images, 3 // images.shape[-1], axis=-1)
        return network(tf.image.resize(colour, [INCEPTION_SIZE, INCEPTION_SIZE]), training=False)

    return FeatureExtractor(f"InceptionV3, 2048 pooled features, weights {digest}", embed)


def feature_extractor(
    name: str, run: RunDirectory | None, which: str, file: Path | None, channels: int = 1
) -> FeatureExtractor | None:
    """The extractor that a command's flags ask for; None for pixels, which need none."""
    if name == "pixels":
        return None
    if name == "random":
        return random_features(channels)
    if name == "inception":
        if file is None:
            raise UserError("--features inception needs --inception-weights FILE: nothing is downloaded")
        return inception_features(file)
    if name == "network":
        from tfgan_thyroid.evaluation.feature_network import network_features  # it makes extractors of this module

        assert file is not None
        return network_features(file, channels)
    if run is None:
        raise UserError("--features encoder needs a run's encoder: give a run as --generated, or --encoder-run RUN")
    return encoder_features(run, which)
