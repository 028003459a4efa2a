"""U-Net (Ronneberger et al. 2015) in the form that the paper evaluates with: padded, with batch normalization."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import keras

from tfgan_thyroid.layers.batch_normalization import normalization_dtype
from tfgan_thyroid.layers.initializers import fan_in_uniform

HALVINGS = 4
_SEEDS_OF_A_RUN = 1_000


def build_unet(
    image_size: int, channels: int = 1, width: int = 64, dtype: str = "float32", seed: int = 0
) -> keras.Model:
    """Five levels of two padded 3x3 convolutions, each with batch normalization and ReLU, then a 1x1 convolution.

    Max pooling leads down; 2x2 transposed convolutions of stride 2 lead up, each beside the map of its level. A
    convolution in front of a batch normalization has no bias, which the norm would cancel. With one channel and
    width 64 it has 31,036,481 trainable parameters, at every image size.

    Args:
        image_size: height and width in pixels, a multiple of 16.
        channels: channels of the image.
        width: channels at the full size; each level below doubles them.
        dtype: `"float32"` or `"mixed_bfloat16"`; output and sums of the normalization are float32 in both.
        seed: of the initial values, which are PyTorch's default.

    Returns:
        A network from images `[N, image_size, image_size, channels]` in [-1, 1] to float32 logits
        `[N, image_size, image_size, 1]`, positive where a pixel is more probably foreground than not.
    """
    seeds = count(seed * _SEEDS_OF_A_RUN)
    images = keras.layers.Input((image_size, image_size, channels))
    features = images
    skipped = []
    for level in range(HALVINGS):
        features = _double_convolution(features, width * 2**level, dtype, seeds)
        skipped.append(features)
        features = keras.layers.MaxPooling2D(2, dtype=dtype)(features)
    features = _double_convolution(features, width * 2**HALVINGS, dtype, seeds)
    for level in reversed(range(HALVINGS)):
        filters = width * 2**level
        initializers = _initializers(4 * filters, seeds)
        features = keras.layers.Conv2DTranspose(filters, 2, strides=2, dtype=dtype, **initializers)(features)
        features = keras.layers.Concatenate(dtype=dtype)([skipped.pop(), features])
        features = _double_convolution(features, filters, dtype, seeds)
    logits = keras.layers.Conv2D(1, 1, dtype=dtype, **_initializers(width, seeds))(features)
    return keras.Model(images, keras.layers.Activation("linear", dtype="float32")(logits), name="unet")


def _double_convolution(features: Any, filters: int, dtype: str, seeds: Iterator[int]) -> Any:
    """From one symbolic tensor to the next; Keras 2.15 and 3 share no public name for its type."""
    norm_dtype = normalization_dtype(filters, dtype)
    for _ in range(2):
        kernel = fan_in_uniform(9 * features.shape[-1], next(seeds))
        features = keras.layers.Conv2D(
            filters, 3, padding="same", use_bias=False, kernel_initializer=kernel, dtype=dtype
        )(features)
        features = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, dtype=norm_dtype)(features)
        features = keras.layers.ReLU(dtype=dtype)(features)
    return features


def _initializers(fan_in: int, seeds: Iterator[int]) -> dict[str, keras.initializers.Initializer]:
    return {
        "kernel_initializer": fan_in_uniform(fan_in, next(seeds)),
        "bias_initializer": fan_in_uniform(fan_in, next(seeds)),
    }
