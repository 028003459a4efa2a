"""A second discriminator that sees only small pieces of an image, and judges their texture (Isola et al. 2017).

A set of 600 scans holds more than 100,000 such pieces: a discriminator learns them by heart far later than it does the
scans, and so may be regularised less than the one that judges whole images.
"""

import keras

from tfgan_thyroid.layers.initializers import fan_in_uniform
from tfgan_thyroid.layers.leaky_relu import LeakyReLU
from tfgan_thyroid.networks.convolutional_tower import LEAKY_SLOPE

HALVINGS = 2


def piece_count(image_size: int) -> int:
    """How many pieces of an image are judged."""
    return (image_size // 2**HALVINGS) ** 2


def build_texture_discriminator(
    image_size: int, channels: int, width: int, dtype: str = "float32", seed: int = 0
) -> keras.Sequential:
    """Two 4x4 convolutions of stride 2 and one of 3x3, then a 1x1 convolution to a score for each piece.

    A piece is 18x18 pixels, and there is one for each 4x4 pixels. No normalization, so that R1 sees each image alone.

    Args:
        image_size: height and width in pixels, a multiple of 4.
        channels: channels of the image.
        width: channels after the first stage.
        dtype: `"float32"` or `"mixed_bfloat16"`.
        seed: of the initial values.

    Returns:
        A network from images `[N, image_size, image_size, channels]` in [-1, 1] to float32 scores
        `[N, image_size / 4, image_size / 4, 1]`.
    """
    network = keras.Sequential(name="texture_discriminator")
    network.add(keras.layers.Input((image_size, image_size, channels)))
    fan_in, filters = channels * 16, width
    for halving in range(HALVINGS):
        network.add(_convolution(width * 2**halving, 4, 2, fan_in, seed + 2 * halving, dtype))
        network.add(LeakyReLU(LEAKY_SLOPE, dtype=dtype))
        filters = width * 2**halving
        fan_in = 16 * filters
    network.add(_convolution(filters, 3, 1, 9 * filters, seed + 2 * HALVINGS, dtype))
    network.add(LeakyReLU(LEAKY_SLOPE, dtype=dtype))
    network.add(_convolution(1, 1, 1, filters, seed + 2 * HALVINGS + 2, dtype))
    network.add(keras.layers.Activation("linear", dtype="float32"))
    return network


def _convolution(filters: int, size: int, stride: int, fan_in: int, seed: int, dtype: str) -> keras.layers.Conv2D:
    return keras.layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding="same",
        kernel_initializer=fan_in_uniform(fan_in, seed),
        bias_initializer=fan_in_uniform(fan_in, seed + 1),
        dtype=dtype,
    )
