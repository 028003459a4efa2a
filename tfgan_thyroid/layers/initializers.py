"""Initial values of the paper's framework, so that training starts where the paper's did."""

import math

import keras


def fan_in_uniform(fan_in: int, seed: int) -> keras.initializers.Initializer:
    """Uniform values in +-1/sqrt(fan_in): PyTorch's default for kernels and biases alike.

    Args:
        fan_in: number of inputs that reach one output. PyTorch counts `out_channels * k * k` for a transposed
            convolution, and the kernel's fan_in for a bias.
        seed: makes the values reproducible; give each variable its own.
    """
    bound = 1.0 / math.sqrt(fan_in)
    return keras.initializers.RandomUniform(-bound, bound, seed=seed)
