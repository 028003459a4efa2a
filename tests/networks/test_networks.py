"""Shared checks of every network: parameter counts, shapes, ranges, precision, configuration round trip."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.layers.batch_normalization import CriticBatchNormalization
from tfgan_thyroid.networks.code_discriminator import build_code_discriminator
from tfgan_thyroid.networks.discriminator import build_coupled_discriminator, build_discriminator
from tfgan_thyroid.networks.encoder import build_encoder, build_variational_encoder, mean_encoder
from tfgan_thyroid.networks.generator import build_generator
from tfgan_thyroid.networks.smooth_generator import build_smooth_generator
from tfgan_thyroid.networks.texture_discriminator import build_texture_discriminator

BUILDERS = {
    "generator": lambda size, width, **kwargs: build_generator(size, 1, width, 256, **kwargs),
    "discriminator": lambda size, width, **kwargs: build_discriminator(size, 1, width, **kwargs),
    "encoder": lambda size, width, **kwargs: build_encoder(size, 1, width, 256, **kwargs),
    "code_discriminator": lambda size, width, **kwargs: build_code_discriminator(256, **kwargs),
    "smooth_generator": lambda size, width, **kwargs: build_smooth_generator(size, 1, width, 256, **kwargs),
    "coupled_discriminator": lambda size, width, **kwargs: build_coupled_discriminator(size, 1, width, **kwargs),
    "texture_discriminator": lambda size, width, **kwargs: build_texture_discriminator(size, 1, width, **kwargs),
    "variational_encoder": lambda size, width, **kwargs: build_variational_encoder(size, 1, width, 256, **kwargs),
    "batch_normalized_discriminator": lambda size, width, **kwargs: build_discriminator(
        size, 1, width, normalization=CriticBatchNormalization, **kwargs
    ),
    "batch_normalized_code_discriminator": lambda size, width, **kwargs: build_code_discriminator(
        256, normalization=CriticBatchNormalization, **kwargs
    ),
}
every_network = pytest.mark.parametrize("name", BUILDERS)


def trainable_parameters(network):
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_variables)


def moving_statistics(network):
    return sum(int(np.prod(weight.shape)) for weight in network.non_trainable_variables)


def inputs_of(network, batch=2, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (batch, *network.input_shape[1:])).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "parameters", "statistics"),
    [
        ("discriminator", 11_192_801, 0),
        ("encoder", 15_375_008, 4_032),
        ("generator", 10_483_936, 4_032),
        ("code_discriminator", 1_313_793, 0),
        # Beside the paper's: noise weights of the last three maps, a last map of 16 channels with its normalization,
        # and the convolution behind it, where the paper's ends.
        ("smooth_generator", 10_483_936 + (64 + 32 + 16) + 9 * 32 * 16 + 2 * 16 + 9 * 16 - 9 * 32, 4_032 + 2 * 16),
        # One channel more in front of the last convolution.
        ("coupled_discriminator", 11_192_801 + 16, 0),
        # 4x4 to 32, 4x4 to 64, 3x3 to 64 and 1x1 to 1, each with biases.
        ("texture_discriminator", 16 * 32 + 32 + 16 * 32 * 64 + 64 + 9 * 64 * 64 + 64 + 64 + 1, 0),
        # A second head of 16 * 1024 -> 256; a scale and a shift for each normalized channel.
        ("variational_encoder", 15_375_008 + 16 * 1024 * 256 + 256, 4_032),
        ("batch_normalized_discriminator", 11_192_801 + 2 * (64 + 128 + 256 + 512 + 1024), 0),
        ("batch_normalized_code_discriminator", 1_313_793 + 2 * 2 * 1024, 0),
    ],
)
def test_parameter_counts_at_the_size_of_the_paper(name, parameters, statistics):
    network = BUILDERS[name](256, 32)
    assert trainable_parameters(network) == parameters
    assert moving_statistics(network) == statistics


@pytest.mark.parametrize("size", [8, 16, 64])
def test_shapes_at_other_sizes_and_with_two_channels(size):
    images = np.zeros((2, size, size, 2), np.float32)
    assert build_discriminator(size, 2, 4)(images).shape == (2, 1)
    assert build_encoder(size, 2, 4, 10)(images).shape == (2, 10)
    assert build_coupled_discriminator(size, 2, 4)(images).shape == (2, 1)
    assert build_texture_discriminator(size, 2, 4)(images).shape == (2, size // 4, size // 4, 1)
    for build in (build_generator, build_smooth_generator):
        assert build(size, 2, 4, 10)(np.zeros((2, 10), np.float32)).shape == (2, size, size, 2)


@every_network
def test_output_is_float32_in_both_precisions(name):
    for dtype in ("float32", "mixed_bfloat16"):
        network = BUILDERS[name](16, 4, dtype=dtype)
        assert network(inputs_of(network)).dtype == tf.float32
        assert all(weight.dtype in (tf.float32, "float32") for weight in network.weights)


@every_network
def test_bfloat16_stays_near_float32(name):
    full = BUILDERS[name](16, 4)
    mixed = BUILDERS[name](16, 4, dtype="mixed_bfloat16")
    inputs = inputs_of(full, batch=8)
    # Six roundings of 2^-9 each on values of order one.
    np.testing.assert_allclose(mixed(inputs), full(inputs), atol=0.05)


@every_network
def test_the_seed_decides_every_initial_value(name):
    first, same, other = (BUILDERS[name](16, 4, seed=seed) for seed in (1, 1, 2))
    for a, b in zip(first.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first.get_weights()[0], other.get_weights()[0])


@every_network
def test_a_network_survives_its_configuration(name):
    network = BUILDERS[name](16, 4)
    copy = type(network).from_config(network.get_config())
    copy.set_weights(network.get_weights())
    inputs = inputs_of(network)
    np.testing.assert_array_equal(copy(inputs), network(inputs))


def normalization_dtypes(network):
    return {x.compute_dtype for x in network.layers if isinstance(x, keras.layers.BatchNormalization)}


@pytest.mark.parametrize(("width", "expected"), [(4, {"float32", "bfloat16"}), (16, {"bfloat16"})])
def test_maps_are_normalized_in_bfloat16_where_channels_are_a_multiple_of_16(width, expected):
    for network in (
        build_generator(32, 1, width, 8, "mixed_bfloat16"),
        build_encoder(32, 1, width, 8, "mixed_bfloat16"),
    ):
        assert normalization_dtypes(network) == expected
    for network in (build_generator(32, 1, width, 8), build_encoder(32, 1, width, 8)):
        assert normalization_dtypes(network) == {"float32"}


def test_the_discriminator_normalizes_layers_two_to_six_only_and_without_batch_statistics():
    network = build_discriminator(256, 1, 2)
    kinds = [type(layer).__name__ for layer in network.layers]
    assert "BatchNormalization" not in kinds
    assert kinds[:2] == ["Conv2D", "LeakyReLU"]
    assert sum("Normalization" in kind for kind in kinds) == 5


def test_batch_normalization_stands_in_layers_two_to_six_of_the_original_discriminator_and_in_its_cd():
    network = build_discriminator(256, 1, 2, normalization=CriticBatchNormalization)
    kinds = [type(layer).__name__ for layer in network.layers]
    assert kinds[:2] == ["Conv2D", "LeakyReLU"]
    assert kinds.count("CriticBatchNormalization") == 5
    assert not any("Instance" in kind for kind in kinds)
    network = build_code_discriminator(8, normalization=CriticBatchNormalization)
    kinds = [type(layer).__name__ for layer in network.layers]
    assert kinds == 2 * ["Dense", "CriticBatchNormalization", "LeakyReLU"] + ["Dense", "Activation"]


def test_the_mean_encoder_is_the_first_half_of_the_variational_one_on_the_same_weights():
    variational = build_variational_encoder(16, 1, 4, 8)
    means = mean_encoder(variational)
    images = inputs_of(variational)
    np.testing.assert_array_equal(means(images), variational(images)[:, :8])
    variational.set_weights([2.0 * weight for weight in variational.get_weights()])
    np.testing.assert_array_equal(means(images), variational(images)[:, :8])
    assert means.output_shape == (None, 8)


def test_the_discriminator_does_not_couple_the_images_of_a_batch():
    network = build_discriminator(16, 1, 4)
    images = inputs_of(network, batch=4)
    np.testing.assert_allclose(network(images, training=True)[:1], network(images[:1], training=True), atol=1e-5)


def test_generated_pixels_lie_between_minus_one_and_one():
    network = build_generator(16, 1, 4, 8)
    images = network(100 * np.random.default_rng(0).normal(size=(4, 8)).astype(np.float32), training=True)
    assert np.abs(images).max() <= 1.0


@pytest.mark.parametrize("size", [0, 4, 12, 100, 255])
def test_a_size_that_is_no_power_of_two_times_four_is_refused(size):
    with pytest.raises(UserError, match="4 \\* 2\\^n"):
        build_generator(size, 1, 4, 8)
