"""Losses of critics and of the networks that play against them: Wasserstein (paper, Eq. 2 and 3), logistic (Eq. 1).

A score is a critic's output, any real number, high for what the critic takes as real. A logistic loss reads it as the
logit a of the probability D = sigmoid(a), so that -log D = softplus(-a) and -log(1 - D) = softplus(a). All means are
over the batch, in float32.
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


def logistic_critic_loss(real_scores: tf.Tensor, *fake_scores: tf.Tensor) -> tf.Tensor:
    """`sum_k (-E[log D(real)] - E[log(1 - D(fake_k))])`: each kind of fake is paired with the real scores.

    With one kind it is L_D of Eq. 1, with two alpha-GAN's, where the real term counts twice.

    Args:
        real_scores: float32 `[N, 1]`, logits.
        *fake_scores: float32 `[N, 1]` each, logits.
    """
    real = tf.reduce_mean(tf.nn.softplus(-real_scores))
    return len(fake_scores) * real + tf.add_n([tf.reduce_mean(tf.nn.softplus(scores)) for scores in fake_scores])


def saturating_adversary_loss(fake_scores: tf.Tensor) -> tf.Tensor:
    """`E[log(1 - D(fake))]`: L_G of Eq. 1. Its gradient vanishes where D is sure.

    Args:
        fake_scores: float32 `[N, 1]`, logits.
    """
    return -tf.reduce_mean(tf.nn.softplus(fake_scores))


def non_saturating_adversary_loss(fake_scores: tf.Tensor) -> tf.Tensor:
    """`-E[log D(fake)]`: the same fixed point as Eq. 1, with a strong gradient where D is sure (Goodfellow 2014).

    Args:
        fake_scores: float32 `[N, 1]`, logits.
    """
    return tf.reduce_mean(tf.nn.softplus(-fake_scores))


def log_ratio_adversary_loss(*fake_scores: tf.Tensor) -> tf.Tensor:
    """`sum_k E[log(1 - D(fake_k)) - log D(fake_k)]`, which is minus the logit: L_E and L_G of alpha-GAN.

    D / (1 - D) estimates the ratio of the real to the fake density (Rosca et al. 2017, Algorithm 1).

    Args:
        *fake_scores: float32 `[N, 1]` each, logits.
    """
    return wasserstein_adversary_loss(*fake_scores)
