"""The discriminator D (paper, section II.A): images to scores."""

import keras

from tfgan_thyroid.layers.instance_normalization import InstanceNormalization
from tfgan_thyroid.networks.convolutional_tower import build_tower


def build_discriminator(
    image_size: int,
    channels: int,
    width: int,
    dtype: str = "float32",
    seed: int = 0,
    normalization: type[keras.layers.Layer] = InstanceNormalization,
) -> keras.Sequential:
    """D: the convolutional tower with normalization from the second stage on, one linear output.

    Seven layers and 11,192,801 parameters at 256 pixels and width 32. With instance normalization, as in the paper, it
    does not couple the images of a batch, as the gradient penalty asks, so passes over several batches may be
    concatenated.

    Args:
        image_size: height and width in pixels, 4 * 2^n.
        channels: channels of the image.
        width: channels after the first stage.
        dtype: `"float32"` or `"mixed_bfloat16"`.
        seed: of the initial values.
        normalization: a layer class.

    Returns:
        A network from images `[N, image_size, image_size, channels]` in [-1, 1] to float32 scores `[N, 1]`.
    """

    def of_stage(stage: int, filters: int) -> keras.layers.Layer | None:
        return None if stage == 1 else normalization(dtype="float32")

    return build_tower("discriminator", of_stage, 1, image_size, channels, width, dtype, seed)


def build_coupled_discriminator(
    image_size: int, channels: int, width: int, dtype: str = "float32", seed: int = 0
) -> keras.Sequential:
    """D without normalization, and with the minibatch's statistics beside the last map.

    It couples the images of a batch: pass real and generated ones one by one.

    Args:
        image_size: height and width in pixels, 4 * 2^n.
        channels: channels of the image.
        width: channels after the first stage.
        dtype: `"float32"` or `"mixed_bfloat16"`.
        seed: of the initial values.

    Returns:
        A network from images `[N, image_size, image_size, channels]` in [-1, 1] to float32 scores `[N, 1]`.
    """
    return build_tower(
        "discriminator", lambda *_: None, 1, image_size, channels, width, dtype, seed, minibatch_statistics=True
    )
