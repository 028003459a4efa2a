"""Distance between an image and its reconstruction."""

import tensorflow as tf


def l1_loss(images: tf.Tensor, other_images: tf.Tensor) -> tf.Tensor:
    """Mean absolute difference over batch and pixels (paper, Eq. 3, the term weighted by lambda_2).

    Args:
        images: float32 `[N, H, W, C]` in [-1, 1].
        other_images: the same.

    Returns:
        A scalar in [0, 2].
    """
    return tf.reduce_mean(tf.abs(images - other_images))
