"""Images with masks to batches by tf.data, in an order that is a pure function of (seed, position)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfgan_thyroid.data.preprocessing import scale_to_unit_range
from tfgan_thyroid.data.records.conventional_augmentation import augment
from tfgan_thyroid.data.records.input_pipeline import PARALLEL_CALLS, computed_ahead
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.segmentation.config import SegmentationConfig, steps_per_epoch
from tfgan_thyroid.segmentation.examples import SegmentationExamples


class Part(NamedTuple):
    """Examples that have a fixed number of places in every batch."""

    examples: SegmentationExamples
    places: int


def training_parts(
    config: SegmentationConfig, labelled: SegmentationExamples, synthetic: SegmentationExamples | None
) -> list[Part]:
    """What a batch is made of: one part where labelled and synthetic examples are mixed, two with fixed shares."""
    if synthetic is None:
        return [Part(labelled, config.batch_size)]
    synthetic = synthetic.weighted(config.synthetic_weight)
    if not config.synthetic_share:
        return [Part(labelled.append(synthetic), config.batch_size)]
    places = round(config.synthetic_share * config.batch_size)
    if not 0 < places < config.batch_size:
        raise UserError(
            f"synthetic_share {config.synthetic_share} is {places} of {config.batch_size} images in a batch: give a "
            "share, or a batch size, that leaves room for both kinds"
        )
    return [Part(labelled, config.batch_size - places), Part(synthetic, places)]


def epoch_steps(parts: Sequence[Part]) -> int:
    """Steps in which every example of every part comes at least once."""
    return max(steps_per_epoch(len(examples), places) for examples, places in parts)


def segmentation_batches(parts: Sequence[Part], augmentation: str, seed: int, start_step: int = 0) -> tf.data.Dataset:
    """An endless stream with one batch for each training step.

    Every example of a part comes once in each of its epochs, in an order that differs by epoch. The stream repeats
    before it batches, so that no batch is short.

    Args:
        parts: those to train on, in the order in which a batch holds them.
        augmentation: `none` or `conventional`.
        seed: of the order and of the augmentation.
        start_step: how many batches to leave out.

    Returns:
        Batches of images, float32 `[N, H, W, 1]` in [-1, 1]; masks, float32 in [0, 1]; and weights, float32 `[N]`.
    """
    # Seeds of runs are below 2^31, so that each part has its own.
    streams = [
        _stream(part, augmentation, seed + (number << 32), start_step).batch(part.places, drop_remainder=True)
        for number, part in enumerate(parts)
    ]
    batches = streams[0]
    if len(streams) > 1:
        joined = tf.data.Dataset.zip(tuple(streams))
        batches = joined.map(lambda *batch: tf.nest.map_structure(lambda *values: tf.concat(values, axis=0), *batch))
    return computed_ahead(batches)


def _stream(part: Part, augmentation: str, seed: int, start_step: int) -> tf.data.Dataset:
    examples, count = part.examples, len(part.examples)
    images, masks = tf.constant(examples.images), tf.constant(examples.targets)
    weights = tf.constant(examples.loss_weights)
    first_epoch, offset = divmod(start_step * part.places, count)

    def epoch_places(epoch: tf.Tensor) -> tf.data.Dataset:
        order = tf.random.experimental.stateless_shuffle(tf.range(count), _pair(seed, epoch))
        positions = epoch * count + tf.range(count, dtype=tf.int64)
        return tf.data.Dataset.from_tensor_slices((order, positions))

    def example(place: tf.Tensor, position: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        image = scale_to_unit_range(tf.cast(images[place], tf.float32))
        mask = tf.cast(masks[place], tf.float32) / 255.0
        if augmentation == "conventional":
            # Away from the seeds of the order, which are (seed, epoch).
            image, mask = augment(image, mask, _pair(-1 - seed, position))
        return image, mask, weights[place]

    places = tf.data.Dataset.range(first_epoch, np.iinfo(np.int32).max).flat_map(epoch_places).skip(offset)
    return places.map(example, num_parallel_calls=PARALLEL_CALLS, deterministic=True)


def _pair(first: int, second: tf.Tensor) -> tf.Tensor:
    return tf.stack([tf.constant(first, tf.int64), second])
