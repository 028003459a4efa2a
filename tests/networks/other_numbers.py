"""Weights as training might have left them."""

import keras
import numpy as np


def with_other_numbers(network: keras.Model) -> keras.Model:
    """The network with every weight and statistic another number, none of them the initial one."""
    rng = np.random.default_rng(0)
    for variable in network.variables:
        vector = len(variable.shape) == 1
        scale = np.prod(variable.shape[:-1]) ** -0.5
        variable.assign(rng.uniform(0.5, 1.5, variable.shape) if vector else rng.normal(0, scale, variable.shape))
    return network
