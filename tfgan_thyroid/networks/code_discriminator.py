"""The code discriminator CD (paper, section II.A): latents to scores."""

import keras

from tfgan_thyroid.layers.initializers import fan_in_uniform
from tfgan_thyroid.layers.leaky_relu import LeakyReLU
from tfgan_thyroid.networks.convolutional_tower import LEAKY_SLOPE

HIDDEN_UNITS = 1024


def build_code_discriminator(
    latent_size: int,
    dtype: str = "float32",
    seed: int = 0,
    normalization: type[keras.layers.Layer] | None = None,
) -> keras.Sequential:
    """CD: a perceptron of three dense layers, `latent_size` -> 1024 -> 1024 -> 1, LeakyReLU between.

    1,313,793 parameters at latent size 256, whatever the image size and width. The paper's has no normalization.

    Args:
        latent_size: length of a latent vector.
        dtype: `"float32"` or `"mixed_bfloat16"`.
        seed: of the initial values.
        normalization: a layer class for the two hidden layers, or None.

    Returns:
        A network from latents `[N, latent_size]` to float32 scores `[N, 1]`.
    """
    network = keras.Sequential(name="code_discriminator")
    network.add(keras.layers.Input((latent_size,)))
    for fan_in, layer_seed in ((latent_size, seed), (HIDDEN_UNITS, seed + 2)):
        network.add(_dense(HIDDEN_UNITS, fan_in, layer_seed, dtype))
        if normalization is not None:
            network.add(normalization(dtype="float32"))
        network.add(LeakyReLU(LEAKY_SLOPE, dtype=dtype))
    network.add(_dense(1, HIDDEN_UNITS, seed + 4, dtype))
    network.add(keras.layers.Activation("linear", dtype="float32"))
    return network


def _dense(units: int, fan_in: int, seed: int, dtype: str) -> keras.layers.Dense:
    return keras.layers.Dense(
        units,
        kernel_initializer=fan_in_uniform(fan_in, seed),
        bias_initializer=fan_in_uniform(fan_in, seed + 1),
        dtype=dtype,
    )
