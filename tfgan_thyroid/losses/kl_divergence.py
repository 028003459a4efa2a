"""Divergence of an encoder's distribution from the prior (Kingma & Welling 2014, appendix B)."""

import tensorflow as tf


def standard_normal_kl(means: tf.Tensor, log_variances: tf.Tensor) -> tf.Tensor:
    """`KL(N(m, diag v) || N(0, I)) = sum (m^2 + v - 1 - log v) / 2`, in nats, summed over the latent.

    Args:
        means: float32 `[N, latent_size]`.
        log_variances: float32 `[N, latent_size]`, log v.

    Returns:
        A scalar, the mean over the batch; 0 where the encoder says nothing about its image.
    """
    terms = tf.square(means) + tf.exp(log_variances) - 1.0 - log_variances
    return 0.5 * tf.reduce_mean(tf.reduce_sum(terms, axis=1))
