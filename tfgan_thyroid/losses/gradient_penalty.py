"""The gradient penalty that keeps a critic near 1-Lipschitz (Gulrajani et al. 2017; paper, Eq. 2 and 3)."""

from collections.abc import Callable

import tensorflow as tf

from tfgan_thyroid import replicas

# Keeps the square root differentiable where the gradient vanishes.
SQUARED_NORM_FLOOR = 1e-15


def interpolate(real: tf.Tensor, fake: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """`a real + (1 - a) fake` with one `a ~ U[0, 1]` for each example, the same for all its pixels.

    Args:
        real: float32 `[N, ...]`.
        fake: float32 of the same shape.
        seed: integers `[2]`; the draw is a pure function of it and of the example's place in the global batch.

    Returns:
        Float32 of the same shape, a constant to any tape.
    """
    examples = tf.shape(real)[:1] * replicas.count()
    shape = tf.concat([examples, tf.ones([real.shape.rank - 1], tf.int32)], axis=0)
    alpha = replicas.own_examples(tf.random.stateless_uniform(shape, seed))
    return tf.stop_gradient(alpha * real + (1.0 - alpha) * fake)


def gradient_penalty(critic: Callable[[tf.Tensor], tf.Tensor], points: tf.Tensor) -> tf.Tensor:
    """`E[(|grad critic(x)| - 1)^2]` over the given points: two-sided, mean over the batch.

    Call it under the tape that differentiates the critic's loss: its own tape gives the gradient by the input, the
    outer one differentiates that by the critic's parameters. The critic must not couple the examples of a batch.

    Args:
        critic: maps `[N, ...]` to scores `[N, 1]`.
        points: float32 `[N, ...]`, of any rank from 2 on.

    Returns:
        A float32 scalar, zero where every gradient has norm one.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(points)
        scores = critic(points)
    gradients = tf.cast(tape.gradient(scores, points), tf.float32)
    squared_norm = tf.reduce_sum(tf.square(gradients), axis=list(range(1, points.shape.rank)))
    return tf.reduce_mean(tf.square(tf.sqrt(squared_norm + SQUARED_NORM_FLOOR) - 1.0))
