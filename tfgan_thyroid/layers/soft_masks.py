"""Masks as a discriminator can bear them: blurred and of low contrast.

A binary mask beside an image is an easy game: a discriminator wins by the mask's edges, and the image is neglected.
"""

import numpy as np
import tensorflow as tf

SIGMA = 1.5 / 64.0
"""Standard deviation of the blur, as a share of the image size."""
CONTRAST = 0.25
"""What the blurred mask is multiplied by."""


def soften_masks(images: tf.Tensor) -> tf.Tensor:
    """Blurs the mask of each pair with a Gaussian and lowers its contrast; images without masks stay as they are.

    The outline of a large smooth structure stays where the soft mask is 0.

    Args:
        images: float32 `[N, S, S, C]`; the second of two channels is a mask, -1 outside and 1 inside.

    Returns:
        The same shape; the mask in [-0.25, 0.25].
    """
    if images.shape[-1] == 1:
        return images
    sigma = SIGMA * int(images.shape[1])
    reach = int(np.ceil(3.0 * sigma))
    weights = np.exp(-0.5 * np.square(np.arange(-reach, reach + 1) / sigma))
    weights = tf.constant(weights / weights.sum(), images.dtype)
    scans, masks = images[..., :1], images[..., 1:]
    masks = tf.pad(masks, [[0, 0], [reach, reach], [reach, reach], [0, 0]], "SYMMETRIC")
    masks = tf.nn.conv2d(masks, tf.reshape(weights, [-1, 1, 1, 1]), 1, "VALID")
    masks = tf.nn.conv2d(masks, tf.reshape(weights, [1, -1, 1, 1]), 1, "VALID")
    return tf.concat([scans, CONTRAST * masks], axis=-1)
