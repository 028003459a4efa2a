"""R1, which lets a discriminator settle where generated images are like real ones (Mescheder et al. 2018)."""

from collections.abc import Callable

import tensorflow as tf


def zero_centered_penalty(critic: Callable[[tf.Tensor], tf.Tensor], points: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """`E[|grad critic(x)|^2]` over the given points, and their scores.

    R1 takes real images as points, with the weight gamma / 2 (section 4.1). Call it under the tape that differentiates
    the critic's loss. The scores come from the same pass, so that a loss needs no second one.

    Args:
        critic: maps `[N, ...]` to scores `[N, ...]`, of which an example may have several: their mean counts. Where it
            couples the examples of a batch, the gradient is that of all scores by each example.
        points: float32 `[N, ...]`.

    Returns:
        The penalty, a float32 scalar of at least 0, which is the mean over the batch; and the scores.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(points)
        scores = critic(points)
        by_example = tf.reduce_mean(scores, axis=list(range(1, scores.shape.rank)))
    gradients = tf.cast(tape.gradient(by_example, points), tf.float32)
    return tf.reduce_mean(tf.reduce_sum(tf.square(gradients), axis=list(range(1, points.shape.rank)))), scores
