import numpy as np
import pytest

from tfgan_thyroid.layers.initializers import fan_in_uniform
from tfgan_thyroid.networks.discriminator import build_discriminator
from tfgan_thyroid.networks.generator import build_generator


def test_values_are_uniform_within_one_over_the_root_of_fan_in():
    values = np.asarray(fan_in_uniform(100, seed=1)((200, 200)))
    assert np.abs(values).max() <= 0.1
    # A uniform variable on +-b has variance b^2 / 3; 40,000 of them give it within 1.5 %.
    assert values.var() == pytest.approx(0.01 / 3, rel=0.015)


def test_the_same_seed_gives_the_same_values():
    np.testing.assert_array_equal(fan_in_uniform(9, seed=3)((4, 4)), fan_in_uniform(9, seed=3)((4, 4)))
    assert not np.array_equal(fan_in_uniform(9, seed=3)((4, 4)), fan_in_uniform(9, seed=4)((4, 4)))


def test_kernels_and_biases_of_the_networks_use_the_fan_in_that_pytorch_counts():
    kernel, bias = build_discriminator(16, 1, 64).get_weights()[:2]
    assert 0.9 / 4 < np.abs(kernel).max() <= 1 / 4  # fan-in 1 * 4 * 4
    assert 0.8 / 4 < np.abs(bias).max() <= 1 / 4
    first = build_generator(16, 1, 8, 32).get_weights()[0]
    assert first.shape == (32, 4 * 4 * 16)
    assert 0.9 / 16 < np.abs(first).max() <= 1 / 16  # a transposed convolution counts out_channels * 4 * 4
