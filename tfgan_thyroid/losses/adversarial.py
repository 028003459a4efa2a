"""Terms of the logistic losses (paper, Eq. 1). The terms of the Wasserstein losses (Eq. 2 and 3) are plain mean scores.

A score is a critic's output, any real number, high for what the critic takes as real. A logistic loss reads it as the
logit a of the probability D = sigmoid(a), so that -log D = softplus(-a) and -log(1 - D) = softplus(a). All means are
over the batch, in float32.
"""

import tensorflow as tf


def cross_entropy_as_real(scores: tf.Tensor) -> tf.Tensor:
    """`-E[log D]`, near 0 where D takes the images as real.

    D's term of real images, and with fake scores G's non-saturating loss, whose gradient is strong where D is sure
    (Goodfellow et al. 2014, section 3).

    Args:
        scores: float32 `[N, 1]`, logits.

    Returns:
        A scalar of at least 0; ln 2 where D is undecided.
    """
    return tf.reduce_mean(tf.nn.softplus(-scores))


def cross_entropy_as_fake(scores: tf.Tensor) -> tf.Tensor:
    """`-E[log(1 - D)]`, near 0 where D takes the images as fake.

    D's term of fake images; G's loss in Eq. 1 is minus this, and its gradient vanishes where D is sure.

    Args:
        scores: float32 `[N, 1]`, logits.

    Returns:
        A scalar of at least 0; ln 2 where D is undecided.
    """
    return tf.reduce_mean(tf.nn.softplus(scores))
