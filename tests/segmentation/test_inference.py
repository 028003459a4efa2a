"""The U-Net as it is applied after training, against the Keras network; none of its numbers is the initial one."""

import numpy as np
import pytest
import tensorflow as tf

from tests.networks.other_numbers import with_other_numbers
from tfgan_thyroid.segmentation.inference import infer_logits
from tfgan_thyroid.segmentation.network import build_unet


def trained(size=32, channels=1, width=4, dtype="float32"):
    return with_other_numbers(build_unet(size, channels, width, dtype))


def images(size=32, channels=1):
    return tf.constant(np.random.default_rng(1).uniform(-1, 1, (3, size, size, channels)), tf.float32)


@pytest.mark.parametrize(("size", "channels"), [(16, 1), (32, 2), (64, 1)])
def test_logits_are_those_of_the_trained_network(size, channels):
    network, batch = trained(size, channels), images(size, channels)
    plain = network(batch, training=False)
    assert np.std(plain) > 1e-2
    np.testing.assert_allclose(infer_logits(network, batch), plain, rtol=1e-5, atol=1e-5)


def test_a_network_that_is_trained_on_is_applied_with_its_new_weights():
    network, batch = trained(), images()
    apply = tf.function(lambda batch: infer_logits(network, batch))
    before = apply(batch)
    network(batch, training=True)  # moves the statistics
    np.testing.assert_allclose(apply(batch), network(batch, training=False), rtol=1e-5, atol=1e-5)
    assert np.abs(apply(batch) - before).max() > 1e-2


def test_bfloat16_rounds_no_more_than_the_plain_form_and_ends_in_float32():
    exact, batch = trained()(images(), training=False), images()
    mixed = trained(dtype="mixed_bfloat16")
    found = infer_logits(mixed, batch)
    assert found.dtype == tf.float32
    error, plain_error = (np.abs(values - exact).mean() for values in (found, mixed(batch, training=False)))
    assert 0 < error < 1.5 * plain_error


def test_no_map_is_cast_to_float32_between_the_layers_in_mixed_precision():
    network = trained(dtype="mixed_bfloat16")
    graph = tf.function(lambda batch: infer_logits(network, batch)).get_concrete_function(images()).graph
    maps = [op.outputs[0] for op in graph.get_operations() if op.type in ("Conv2D", "BiasAdd", "Relu", "MaxPool")]
    assert len(maps) > 50
    assert {output.dtype for output in maps} == {tf.bfloat16}
