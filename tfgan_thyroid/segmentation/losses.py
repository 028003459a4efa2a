"""Losses of a segmentation of foreground against background, from logits."""

import tensorflow as tf

# Added to both sides of the Dice fraction: an empty mask that is left empty costs nothing, and its gradient exists.
DICE_SMOOTHING = 1.0


def bce_loss(masks: tf.Tensor, logits: tf.Tensor, weights: tf.Tensor | None = None) -> tf.Tensor:
    """Binary cross-entropy from logits, mean over batch and pixels: `log(1 + e^x) - x y`, without overflow.

    Args:
        masks: float32 `[N, H, W, 1]`, the probability of foreground: of a drawn mask 0 or 1.
        logits: float32 of the same shape.
        weights: float32 `[N]` that each image's loss is multiplied by before the mean; None is 1.

    Returns:
        A scalar, 0 or more; log 2 where every logit is 0.
    """
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=masks, logits=logits)
    return tf.reduce_mean(losses if weights is None else losses * tf.reshape(weights, [-1, 1, 1, 1]))


def dice_loss(masks: tf.Tensor, logits: tf.Tensor, weights: tf.Tensor | None = None) -> tf.Tensor:
    """One minus the soft Dice of each image, mean over the batch (Milletari et al. 2016, without squares).

    `1 - (2 sum p y + 1) / (sum p + sum y + 1)` with `p = sigmoid(logits)` and sums over an image's pixels.

    Args:
        masks: float32 `[N, H, W, 1]`, the probability of foreground: of a drawn mask 0 or 1.
        logits: float32 of the same shape.
        weights: as of `bce_loss`.

    Returns:
        A scalar in [0, 1) where the weights are 1.
    """
    probabilities = tf.sigmoid(logits)
    pixels = [1, 2, 3]
    overlap = tf.reduce_sum(probabilities * masks, axis=pixels)
    total = tf.reduce_sum(probabilities, axis=pixels) + tf.reduce_sum(masks, axis=pixels)
    losses = 1.0 - (2.0 * overlap + DICE_SMOOTHING) / (total + DICE_SMOOTHING)
    return tf.reduce_mean(losses if weights is None else losses * weights)


def segmentation_loss(name: str, bce: tf.Tensor, dice: tf.Tensor) -> tf.Tensor:
    """The loss that is minimised: `bce`, `dice`, or for `both` their sum."""
    return {"bce": bce, "dice": dice, "both": bce + dice}[name]
