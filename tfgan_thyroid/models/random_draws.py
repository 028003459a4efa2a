"""Random numbers as a pure function of (seed, iteration, purpose), so that a resumed run repeats them to the bit."""

import enum

import tensorflow as tf


class Purpose(enum.IntEnum):
    """What a draw is for; two draws of one iteration never share a purpose."""

    CODE_DISCRIMINATOR_LATENTS = 0
    CODE_PENALTY = 1
    DISCRIMINATOR_LATENTS = 2
    GENERATED_PENALTY = 3
    RECONSTRUCTED_PENALTY = 4
    GENERATOR_LATENTS = 5
    CRITIC_AUGMENTATION = 6
    GENERATOR_AUGMENTATION = 7
    POSTERIOR_NOISE = 8


PURPOSES = 64
"""Room for purposes: a run's draws stay what they are when a purpose is added."""

SERVED_LATENTS = 1_000_003
"""First half of the seed of served latents, far from every purpose of training."""

STATISTICS_LATENTS = 1_000_033
"""First half of the seed of the latents that batch statistics are measured on; no served latent is among them."""

STEP = 2**40
"""More than any run has iterations: what each further step of one update adds to the iteration."""


def draw_seed(seed: int, iteration: tf.Tensor, purpose: Purpose, step: int = 0) -> tf.Tensor:
    """The seed of one draw: int64 `[2]`, distinct for every (seed, iteration, purpose, step).

    Args:
        seed: of the run.
        iteration: finished iterations.
        purpose: what the draw is for.
        step: which of several steps of one update in that iteration, from 0.
    """
    first = tf.constant(seed * PURPOSES + purpose, tf.int64)
    return tf.stack([first, tf.cast(iteration, tf.int64) + step * STEP])


def latents_from_seeds(seeds: tf.Tensor, latent_size: int) -> tf.Tensor:
    """One standard normal latent vector for each seed, whatever the other seeds are.

    Args:
        seeds: int64 `[N]`.
        latent_size: length of a latent vector.

    Returns:
        float32 `[N, latent_size]`.
    """

    def latent(seed: tf.Tensor) -> tf.Tensor:
        return tf.random.stateless_normal([latent_size], tf.stack([tf.constant(SERVED_LATENTS, tf.int64), seed]))

    return tf.map_fn(latent, seeds, fn_output_signature=tf.TensorSpec([latent_size], tf.float32))
