"""The generator G (paper, section II.A): latents to images."""

import keras

from tfgan_thyroid.config import stage_count
from tfgan_thyroid.layers.batch_normalization import BatchNormalization, normalization_dtype
from tfgan_thyroid.layers.initializers import fan_in_uniform
from tfgan_thyroid.layers.upsampling import UpsampleConv2D


def build_generator(
    image_size: int, channels: int, width: int, latent_size: int, dtype: str = "float32", seed: int = 0
) -> keras.Sequential:
    """G: a transposed 4x4 convolution to 4x4 pixels, then nearest x2 and a 3x3 convolution until `image_size`.

    Batch normalization and ReLU after each but the last layer, which ends in tanh; convolutions without bias. At
    256 pixels, width 32 and latent size 256 it has seven layers and 10,483,936 trainable parameters.

    Args:
        image_size: height and width in pixels, 4 * 2^n.
        channels: channels of the image.
        width: channels at half the image size; each halving of the size doubles them.
        latent_size: length of a latent vector.
        dtype: `"float32"` or `"mixed_bfloat16"`; output and sums of the normalization are float32 in both.
        seed: of the initial values.

    Returns:
        A network from latents `[N, latent_size]` to float32 images `[N, image_size, image_size, channels]` in [-1, 1].
    """
    stages = stage_count(image_size)
    filters = width * 2 ** (stages - 1)
    network = keras.Sequential(name="generator")
    network.add(keras.layers.Input((latent_size,)))
    # A valid transposed 4x4 convolution of a single pixel is a dense layer.
    initializer = fan_in_uniform(filters * 16, seed)
    network.add(keras.layers.Dense(16 * filters, use_bias=False, kernel_initializer=initializer, dtype=dtype))
    network.add(keras.layers.Reshape((4, 4, filters), dtype=dtype))
    _add_normalized_relu(network, filters, dtype)
    for stage in range(1, stages):
        initializer = fan_in_uniform(filters * 9, seed + stage)
        filters //= 2
        network.add(UpsampleConv2D(filters, initializer, dtype=dtype))
        _add_normalized_relu(network, filters, dtype)
    network.add(UpsampleConv2D(channels, fan_in_uniform(filters * 9, seed + stages), dtype=dtype))
    network.add(keras.layers.Activation("tanh", dtype="float32"))
    return network


def _add_normalized_relu(network: keras.Sequential, filters: int, dtype: str) -> None:
    network.add(BatchNormalization(momentum=0.9, epsilon=1e-5, dtype=normalization_dtype(filters, dtype)))
    network.add(keras.layers.ReLU(dtype=dtype))
