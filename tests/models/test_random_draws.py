import itertools

import numpy as np
import tensorflow as tf

from tfgan_thyroid.models.random_draws import Purpose, draw_seed, latents_from_seeds


def test_no_two_draws_of_a_run_share_a_seed():
    seeds = [
        tuple(draw_seed(run, tf.constant(iteration, tf.int64), purpose, step).numpy())
        for run, iteration, purpose, step in itertools.product(range(3), range(5), Purpose, range(3))
    ]
    assert len(set(seeds)) == len(seeds)


def test_the_numbers_of_purposes_stay_what_they_are():
    """A run of an earlier version resumes on the draws that it started on."""
    assert [purpose.name for purpose in Purpose][:6] == [
        "CODE_DISCRIMINATOR_LATENTS",
        "CODE_PENALTY",
        "DISCRIMINATOR_LATENTS",
        "GENERATED_PENALTY",
        "RECONSTRUCTED_PENALTY",
        "GENERATOR_LATENTS",
    ]
    assert list(Purpose) == list(range(len(Purpose)))
    assert draw_seed(7, tf.constant(11, tf.int64), Purpose.GENERATOR_LATENTS).numpy().tolist() == [7 * 64 + 5, 11]


def test_a_served_latent_depends_on_its_seed_alone():
    together = latents_from_seeds(tf.constant([5, 6, 7], tf.int64), 16)
    alone = latents_from_seeds(tf.constant([6], tf.int64), 16)
    np.testing.assert_array_equal(together[1:2], alone)


def test_served_latents_are_standard_normal():
    latents = latents_from_seeds(tf.range(500, dtype=tf.int64), 40).numpy()
    # Four standard errors of 20,000 values.
    assert abs(latents.mean()) < 4 / 20_000**0.5
    assert abs(latents.var() - 1.0) < 4 * (2 / 20_000) ** 0.5
