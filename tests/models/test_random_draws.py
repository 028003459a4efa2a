import itertools

import numpy as np
import tensorflow as tf

from tfgan_thyroid.models.random_draws import Purpose, draw_seed, latents_from_seeds


def test_no_two_draws_of_a_run_share_a_seed():
    seeds = [
        tuple(draw_seed(run, tf.constant(iteration, tf.int64), purpose).numpy())
        for run, iteration, purpose in itertools.product(range(3), range(5), Purpose)
    ]
    assert len(set(seeds)) == len(seeds)


def test_a_served_latent_depends_on_its_seed_alone():
    together = latents_from_seeds(tf.constant([5, 6, 7], tf.int64), 16)
    alone = latents_from_seeds(tf.constant([6], tf.int64), 16)
    np.testing.assert_array_equal(together[1:2], alone)


def test_served_latents_are_standard_normal():
    latents = latents_from_seeds(tf.range(500, dtype=tf.int64), 40).numpy()
    # Four standard errors of 20,000 values.
    assert abs(latents.mean()) < 4 / 20_000**0.5
    assert abs(latents.var() - 1.0) < 4 * (2 / 20_000) ** 0.5
