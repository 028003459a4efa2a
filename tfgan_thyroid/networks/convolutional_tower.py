"""The tower of strided 4x4 convolutions that the discriminator and the encoder share."""

from collections.abc import Callable

import keras

from tfgan_thyroid.config import stage_count
from tfgan_thyroid.layers.initializers import fan_in_uniform
from tfgan_thyroid.layers.leaky_relu import LeakyReLU
from tfgan_thyroid.layers.minibatch_statistics import MinibatchStatistics
from tfgan_thyroid.layers.strided_convolution import StridedConv2D

LEAKY_SLOPE = 0.2


def build_tower(
    name: str,
    normalization: Callable[[int, int], keras.layers.Layer | None],
    outputs: int,
    image_size: int,
    channels: int,
    width: int,
    dtype: str,
    seed: int,
    minibatch_statistics: bool = False,
) -> keras.Sequential:
    """4x4 convolutions of stride 2 down to 4x4 pixels, then one valid 4x4 convolution to `outputs` numbers.

    Args:
        name: of the network.
        normalization: from a stage (1 is the first) and its channels to its normalization layer, or None for none.
        outputs: length of the output vector.
        image_size: height and width in pixels, 4 * 2^n: n stages.
        channels: channels of the image.
        width: channels after the first stage; each stage doubles them.
        dtype: `"float32"` or `"mixed_bfloat16"`; the output is float32 in both.
        seed: of the initial values.
        minibatch_statistics: adds a channel of `MinibatchStatistics` to the 4x4 map.

    Returns:
        A network from images `[N, image_size, image_size, channels]` to float32 `[N, outputs]`.
    """
    network = keras.Sequential(name=name)
    network.add(keras.layers.Input((image_size, image_size, channels)))
    fan_in = channels * 16
    stages = stage_count(image_size)
    for stage in range(1, stages + 1):
        filters = width * 2 ** (stage - 1)
        initializers = {
            "kernel_initializer": fan_in_uniform(fan_in, seed + 2 * stage),
            "bias_initializer": fan_in_uniform(fan_in, seed + 2 * stage + 1),
        }
        if stage < stages:
            network.add(keras.layers.Conv2D(filters, 4, strides=2, padding="same", dtype=dtype, **initializers))
        else:
            network.add(StridedConv2D(filters, dtype=dtype, **initializers))
        norm = normalization(stage, filters)
        if norm is not None:
            network.add(norm)
        network.add(LeakyReLU(LEAKY_SLOPE, dtype=dtype))
        fan_in = filters * 16
    if minibatch_statistics:
        network.add(MinibatchStatistics(dtype=dtype))
        fan_in += 16
    # A valid 4x4 convolution of a 4x4 map is a dense layer.
    network.add(keras.layers.Flatten(dtype=dtype))
    network.add(
        keras.layers.Dense(
            outputs,
            kernel_initializer=fan_in_uniform(fan_in, seed),
            bias_initializer=fan_in_uniform(fan_in, seed + 1),
            dtype=dtype,
        )
    )
    network.add(keras.layers.Activation("linear", dtype="float32"))
    return network
