"""The losses of the GAN with R1 again in NumPy, from networks that were not updated yet; its masks and its decay."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.layers.soft_masks import soften_masks
from tfgan_thyroid.models.random_draws import Purpose
from tfgan_thyroid.models.registry import build_model
from tfgan_thyroid.models.updates import LinearDecay


@pytest.fixture
def config(tiny_config):
    return tiny_config.replace(model="r1-gan")


def images_for(config):
    shape = [config.batch_size, config.image_size, config.image_size, config.channels]
    return tf.random.stateless_uniform(shape, [0, 0], -1.0, 1.0)


def log_probability(scores):
    """log D of logits, in float64."""
    return -np.log1p(np.exp(-np.asarray(scores, np.float64)))


def squared_gradient(critic, images):
    """Mean over the images of the squared gradient, by each, of the mean of its scores; all batch statistics count."""
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(tf.reduce_mean(critic(images), axis=list(range(1, len(critic.output_shape)))))
    return np.square(tape.gradient(total, images)).sum(axis=(1, 2, 3)).mean()


@pytest.mark.parametrize("channels", [1, 2])
def test_both_discriminators_are_logistic_under_r1_and_see_soft_masks(config, channels):
    config = config.replace(channels=channels)
    model, twin, real = build_model(config), build_model(config), images_for(config)
    fake = twin.generator(twin._draw_latents(Purpose.DISCRIMINATOR_LATENTS), training=True)
    soft = soften_masks(real)
    expected = {}
    for short, critic in (("d", twin.discriminator), ("td", twin.texture_discriminator)):
        expected[f"{short}_real"] = -np.mean(log_probability(critic(soft)))
        expected[f"{short}_generated"] = -np.mean(log_probability(-critic(fake)))
        expected[f"{short}_r1"] = squared_gradient(critic, soft)
    losses = model._update_discriminators(real)
    for name, value in expected.items():
        assert float(losses[name]) == pytest.approx(value, rel=1e-4), name
    pieces = (config.image_size // 4) ** 2
    total = sum(expected[f"{short}_{kind}"] for short in ("d", "td") for kind in ("real", "generated"))
    total += 5.0 * expected["d_r1"] + 0.015 * pieces * expected["td_r1"]
    assert float(losses["d_loss"]) == pytest.approx(total, rel=1e-4)


def test_the_generator_plays_against_both_discriminators(config):
    model, twin = build_model(config), build_model(config)
    fake = twin.generator(twin._draw_latents(Purpose.GENERATOR_LATENTS), training=True)
    critics = (twin.discriminator, twin.texture_discriminator)
    expected = sum(-np.mean(log_probability(critic(fake))) for critic in critics)
    assert float(model._update_generator()["g_loss"]) == pytest.approx(expected, rel=1e-4)


def test_one_latent_makes_one_image_whatever_else_is_in_the_batch(config):
    model = build_model(config)
    seeds = tf.range(6, dtype=tf.int64)
    together = model.generate(seeds)
    np.testing.assert_allclose(model.generate(seeds[2:3])[0], together[2], atol=1e-5)
    assert np.abs(together[2] - together[3]).max() > 1e-3


def test_the_learning_rate_is_constant_then_falls_linearly_to_nothing():
    rate = LinearDecay(1e-3, start=50.0, stop=100.0)
    found = [float(rate(step)) for step in (0, 50, 75, 99, 100, 101)]
    np.testing.assert_allclose(found, [1e-3, 1e-3, 5e-4, 2e-5, 0.0, 0.0], atol=1e-9)
    assert LinearDecay.from_config(rate.get_config()).get_config() == rate.get_config()


def test_an_iteration_after_the_last_one_changes_no_network(config):
    config = config.replace(iterations=2, decay_start=0.5)
    model = build_model(config)
    for iteration in range(3):
        before = [w.numpy().copy() for w in model.discriminator.trainable_variables]
        model.train_step(images_for(config)[tf.newaxis])
        same = all(map(np.array_equal, before, model.discriminator.trainable_variables))
        assert same == (iteration == 2)


def test_a_decay_that_starts_after_the_end_is_refused(config):
    with pytest.raises(UserError, match="decay_start is 1.5"):
        config.replace(decay_start=1.5)
