"""Images with masks to batches by tf.data, in an order that is a pure function of (seed, position)."""

import numpy as np
import tensorflow as tf

from tfgan_thyroid.data.preprocessing import scale_to_unit_range
from tfgan_thyroid.data.records.conventional_augmentation import augment
from tfgan_thyroid.data.records.input_pipeline import PARALLEL_CALLS, computed_ahead
from tfgan_thyroid.segmentation.examples import SegmentationExamples


def segmentation_batches(
    examples: SegmentationExamples, batch_size: int, augmentation: str, seed: int, start_step: int = 0
) -> tf.data.Dataset:
    """An endless stream with one batch for each training step.

    Every example comes once in each epoch, labelled and generated ones mixed, in an order that differs by epoch. The
    stream repeats before it batches, so that no batch is short.

    Args:
        examples: those to train on.
        batch_size: examples in a batch.
        augmentation: `none` or `conventional`.
        seed: of the order and of the augmentation.
        start_step: how many batches to leave out.

    Returns:
        Batches of images, float32 `[batch_size, H, W, 1]` in [-1, 1], and masks, float32 of zeros and ones.
    """
    count = len(examples)
    images, masks = tf.constant(examples.images), tf.constant(examples.masks)
    first_epoch, offset = divmod(start_step * batch_size, count)

    def epoch_places(epoch: tf.Tensor) -> tf.data.Dataset:
        order = tf.random.experimental.stateless_shuffle(tf.range(count), _pair(seed, epoch))
        positions = epoch * count + tf.range(count, dtype=tf.int64)
        return tf.data.Dataset.from_tensor_slices((order, positions))

    def example(place: tf.Tensor, position: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        image = scale_to_unit_range(tf.cast(images[place], tf.float32))
        mask = tf.cast(masks[place], tf.float32)
        if augmentation == "conventional":
            # Away from the seeds of the order, which are (seed, epoch).
            return augment(image, mask, _pair(-1 - seed, position))
        return image, mask

    places = tf.data.Dataset.range(first_epoch, np.iinfo(np.int32).max).flat_map(epoch_places).skip(offset)
    pairs = places.map(example, num_parallel_calls=PARALLEL_CALLS, deterministic=True)
    return computed_ahead(pairs.batch(batch_size, drop_remainder=True))


def _pair(first: int, second: tf.Tensor) -> tf.Tensor:
    return tf.stack([tf.constant(first, tf.int64), second])
