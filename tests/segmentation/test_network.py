import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.segmentation.network import build_unet


def parameters(network):
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_variables)


def counted_by_hand(channels, width):
    """From the shapes of Ronneberger's figure 1, with padding, batch normalization and no bias in front of it."""
    levels = [width * 2**level for level in range(5)]
    double = lambda inputs, outputs: 9 * (inputs * outputs + outputs * outputs) + 4 * outputs  # noqa: E731
    down = double(channels, width) + sum(double(a, b) for a, b in zip(levels, levels[1:], strict=False))
    up = sum(4 * b * a + a + double(2 * a, a) for a, b in zip(levels, levels[1:], strict=False))
    return down + up + width + 1


def test_the_width_of_the_paper_has_31_million_parameters():
    network = build_unet(16, 1, 64)
    assert parameters(network) == counted_by_hand(1, 64) == 31_036_481


@pytest.mark.parametrize(("size", "channels", "width"), [(16, 1, 4), (32, 2, 6)])
def test_parameters_and_shapes_at_other_sizes(size, channels, width):
    network = build_unet(size, channels, width)
    assert parameters(network) == counted_by_hand(channels, width)
    assert network(np.zeros((3, size, size, channels), np.float32)).shape == (3, size, size, 1)


def test_there_are_five_levels_of_two_convolutions_and_four_transposed_ones():
    kinds = [type(layer).__name__ for layer in build_unet(32, 1, 4).layers]
    assert kinds.count("Conv2D") == 5 * 2 + 4 * 2 + 1
    assert kinds.count("BatchNormalization") == kinds.count("ReLU") == 18
    assert kinds.count("Conv2DTranspose") == kinds.count("MaxPooling2D") == 4


def test_the_seed_decides_every_initial_value_and_no_two_kernels_share_one():
    first, same, other = (build_unet(16, 1, 4, seed=seed) for seed in (1, 1, 2))
    for a, b, c in zip(first.trainable_variables, same.trainable_variables, other.trainable_variables, strict=True):
        np.testing.assert_array_equal(a, b)
        if "gamma" not in a.name and "beta" not in a.name:
            assert not np.array_equal(a, c), a.name
    starts = [float(np.ravel(w)[0] / np.abs(w).max()) for w in first.trainable_variables if len(w.shape) == 4]
    assert len(set(starts)) == len(starts)


def test_initial_values_lie_within_one_over_the_root_of_fan_in():
    network = build_unet(16, 1, 16)
    kernel = np.asarray(network.trainable_variables[0])
    assert 0.9 / 3.0 < np.abs(kernel).max() <= 1.0 / 3.0  # 9 inputs reach an output


@pytest.mark.parametrize("width", [4, 16])
def test_output_is_float32_and_near_in_mixed_precision(width):
    images = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 1)).astype(np.float32)
    full, mixed = build_unet(16, 1, width), build_unet(16, 1, width, dtype="mixed_bfloat16")
    assert mixed(images).dtype == tf.float32
    assert all(weight.dtype in (tf.float32, "float32") for weight in mixed.weights)
    np.testing.assert_allclose(mixed(images), full(images), atol=0.05)


def test_a_network_survives_its_configuration():
    network = build_unet(16, 1, 4)
    copy = keras.Model.from_config(network.get_config())
    copy.set_weights(network.get_weights())
    images = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 1)).astype(np.float32)
    np.testing.assert_array_equal(copy(images), network(images))


def test_a_pixel_reaches_the_output_beside_it_through_the_skip_and_far_ones_through_the_levels():
    """The receptive field of a padded five-level U-Net spans 64 pixels and more; a plain stack's would span 37."""
    network = build_unet(64, 1, 4)
    image = tf.Variable(np.random.default_rng(0).uniform(-1, 1, (1, 64, 64, 1)).astype(np.float32))
    with tf.GradientTape() as tape:
        logit = network(image, training=False)[0, 32, 32, 0]
    reached = np.abs(tape.gradient(logit, image).numpy()[0, :, :, 0]) > 0
    assert reached[32, 32]
    assert reached[2].any()
    assert reached[61].any()
