"""Wasserstein losses of critics and of the networks that play against them (paper, Eq. 2 and 3).

A score is a critic's output, any real number, high for what the critic takes as real. All means are over the batch,
in float32.
"""

import tensorflow as tf


def wasserstein_critic_loss(real_scores: tf.Tensor, *fake_scores: tf.Tensor) -> tf.Tensor:
    """`sum_k (E[fake_k] - E[real])`: each kind of fake is paired with the real scores.

    With one kind it is L_D of Eq. 2 and L_CD of Eq. 3 (there the sampled latents are real, the encoded ones fake),
    with two (generated, reconstructed) the `-2 E[D(x_r)] + E[D(x_g)] + E[D(x_rec)]` of Eq. 3, without penalties.

    Args:
        real_scores: float32 `[N, 1]`.
        *fake_scores: float32 `[N, 1]` each.
    """
    return tf.add_n([tf.reduce_mean(scores) for scores in fake_scores]) - len(fake_scores) * tf.reduce_mean(real_scores)


def wasserstein_adversary_loss(*fake_scores: tf.Tensor) -> tf.Tensor:
    """`-sum_k E[fake_k]`: L_E, and the adversarial terms of L_G (Eq. 3).

    Args:
        *fake_scores: float32 `[N, 1]` each.
    """
    return -tf.add_n([tf.reduce_mean(scores) for scores in fake_scores])
