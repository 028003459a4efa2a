"""A generator for speckle: the paper's, with smooth upsampling, noise in its finer maps and a layer at full resolution.

Repeated pixels leave a grid of 2x2 blocks, and a linear last layer cannot break it; speckle that is made of the latent
alone comes out as hatching (docs/results.md has the pictures).
"""

from typing import Any

import keras

from tfgan_thyroid.config import stage_count
from tfgan_thyroid.layers.batch_normalization import BatchNormalization, normalization_dtype
from tfgan_thyroid.layers.initializers import fan_in_uniform
from tfgan_thyroid.layers.latent_noise import LatentNoise
from tfgan_thyroid.layers.upsampling import UpsampleConv2D

NOISY_STAGES = 3
"""The finest maps get noise: those of a quarter, a half and the whole of the image size."""
NARROWEST = 8
"""Least channels of the map at full resolution."""


def build_smooth_generator(
    image_size: int, channels: int, width: int, latent_size: int, dtype: str = "float32", seed: int = 0
) -> keras.Model:
    """G: a dense layer to 4x4 pixels, up-convolutions to `image_size`, and a last 3x3 convolution.

    Batch normalization and ReLU after each but the last layer, which ends in tanh; convolutions without bias.

    Args:
        image_size: height and width in pixels, 4 * 2^n.
        channels: channels of the image.
        width: channels at half the image size; each halving of the size doubles them, the full size has half of them.
        latent_size: length of a latent vector.
        dtype: `"float32"` or `"mixed_bfloat16"`; output and sums of the normalization are float32 in both.
        seed: of the initial values.

    Returns:
        A network from latents `[N, latent_size]` to float32 images `[N, image_size, image_size, channels]` in [-1, 1].
    """
    stages = stage_count(image_size)
    filters = width * 2 ** (stages - 1)
    latents = keras.layers.Input((latent_size,))
    initializer = fan_in_uniform(filters * 16, seed)
    maps = keras.layers.Dense(16 * filters, use_bias=False, kernel_initializer=initializer, dtype=dtype)(latents)
    maps = keras.layers.Reshape((4, 4, filters), dtype=dtype)(maps)
    maps = _normalized_relu(maps, filters, dtype)
    for stage in range(1, stages + 1):
        fan_in = filters * 9
        filters = filters // 2 if stage < stages else max(NARROWEST, filters // 2)
        maps = UpsampleConv2D(filters, fan_in_uniform(fan_in, seed + stage), smooth=True, dtype=dtype)(maps)
        if stage > stages - NOISY_STAGES:
            maps = LatentNoise(stage, dtype=dtype)([maps, latents])
        maps = _normalized_relu(maps, filters, dtype)
    initializer = fan_in_uniform(filters * 9, seed + stages + 1)
    last = keras.layers.Conv2D(channels, 3, padding="same", use_bias=False, kernel_initializer=initializer, dtype=dtype)
    return keras.Model(latents, keras.layers.Activation("tanh", dtype="float32")(last(maps)), name="generator")


def _normalized_relu(maps: Any, filters: int, dtype: str) -> Any:
    """From one symbolic tensor to the next; Keras 2.15 and 3 share no public name for its type."""
    maps = BatchNormalization(momentum=0.9, epsilon=1e-5, dtype=normalization_dtype(filters, dtype))(maps)
    return keras.layers.ReLU(dtype=dtype)(maps)
