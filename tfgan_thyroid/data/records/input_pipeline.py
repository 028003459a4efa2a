"""TFRecords to batches by tf.data, in an order, and moved in a way, that is a pure function of (seed, position).

A stream repeats before it batches, so a batch may be larger than the data set, and no short batch ever retraces the
training step. It starts at any position by re-drawing that epoch's order and skipping within it, so a resumed run
sees the examples that an uninterrupted one would have seen. Records are read as they are needed: the data set may be
larger than memory.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfgan_thyroid.data.preprocessing import scale_to_unit_range
from tfgan_thyroid.data.records import schema
from tfgan_thyroid.data.records.conventional_augmentation import augment

# Records that wait, still encoded, to be drawn at random: all of a usual data set, 160 MB at 256 pixels.
SHUFFLE_BUFFER = 4096
INTERLEAVED_SHARDS = 4

# What autotuning would find, or begins with: a thread a core, and one element that waits while another is made.
PARALLEL_CALLS = min(os.cpu_count() or 1, 16)
PREFETCHED = 2


def decode_image(record: tf.Tensor, image_size: int, masks: bool = False) -> tf.Tensor:
    """The image of a serialized record, and its mask (0 or 255) as a second channel where asked for.

    Returns:
        uint8 `[image_size, image_size, 2 if masks else 1]`.
    """
    keys = [schema.IMAGE_ENCODED, schema.MASK_ENCODED] if masks else [schema.IMAGE_ENCODED]
    features = tf.io.parse_single_example(record, {key: tf.io.FixedLenFeature([], tf.string) for key in keys})
    layers = [tf.io.decode_png(features[key], channels=1) for key in keys]
    return tf.ensure_shape(tf.concat(layers, axis=-1), [image_size, image_size, len(keys)])


def training_batches(
    directory: Path,
    split: str,
    batch_size: int,
    batches: int,
    seed: int,
    start_iteration: int = 0,
    masks: bool = False,
    scan_ids: Sequence[str] | None = None,
    part: int = 0,
    parts: int = 1,
    augmentation: str = "none",
) -> tf.data.Dataset:
    """An endless stream with one element for each training iteration.

    Args:
        directory: a dataset directory.
        split: `train`, `eval` or `test`.
        batch_size: examples in a batch.
        batches: batches in an element.
        seed: of the order of the examples, which differs in every epoch, and of their augmentation.
        start_iteration: how many elements to leave out.
        masks: whether each image's mask follows as a second channel.
        scan_ids: source ids of the scans to use, all of the split; None uses every scan.
        part: which part of each batch to take, from 0, where several workers share it.
        parts: how many equal parts there are.
        augmentation: `none`, or `conventional`: each scan, with its mask, is moved again each time it comes.

    Returns:
        Elements of float32 `[batches, batch_size / parts, H, W, 2 if masks else 1]` in [-1, 1].

    Raises:
        UserError: the directory is no data set, or the split is empty.
    """
    info = schema.DatasetInfo.load(directory)

    def example(position: tf.Tensor, record: tf.Tensor) -> tf.Tensor:
        image = scale_to_unit_range(tf.cast(decode_image(record, info.image_size, masks), tf.float32))
        if augmentation == "conventional":
            # Away from the seeds of the order, which are (seed, epoch).
            example_seed = tf.stack([tf.constant(-1 - seed, tf.int64), position])
            moved, moved_mask = augment(image[..., :1], image[..., -1:], example_seed)
            image = tf.concat([moved, moved_mask], axis=-1) if masks else moved
        return image

    records = _records(directory, split, seed, start_iteration * batches * batch_size, scan_ids)
    size = batch_size // parts
    if parts > 1:
        records = records.filter(lambda position, _: position % batch_size // size == part)
    images = records.map(example, num_parallel_calls=PARALLEL_CALLS, deterministic=True)
    return computed_ahead(images.batch(size, drop_remainder=True).batch(batches, drop_remainder=True))


def computed_ahead(elements: tf.data.Dataset) -> tf.data.Dataset:
    """The stream, computed by other threads while the model trains, with nothing left to autotune.

    The thread that autotunes sleeps for up to a minute. TensorFlow wakes it before it marks the stream as cancelled, so
    it may fall asleep again, and the end of `fit` waits for it: 20 to 55 seconds in one run of three.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return elements.prefetch(PREFETCHED).with_options(options)


def _records(directory: Path, split: str, seed: int, start: int, scan_ids: Sequence[str] | None) -> tf.data.Dataset:
    """Pairs of a position, from `start` on, and the serialized record that comes there, without end."""
    shards = [str(path) for path in schema.shard_paths(directory, split)]
    count = schema.DatasetInfo.load(directory).counts[split] if scan_ids is None else len(scan_ids)
    first_epoch, offset = divmod(start, count)

    def epoch_records(epoch: tf.Tensor) -> tf.data.Dataset:
        epoch_seed = tf.stack([tf.constant(seed, tf.int64), epoch])
        files = tf.data.Dataset.from_tensor_slices(tf.random.experimental.stateless_shuffle(shards, epoch_seed))
        records = files.interleave(
            tf.data.TFRecordDataset, cycle_length=INTERLEAVED_SHARDS, num_parallel_calls=1, deterministic=True
        )
        if scan_ids is not None:
            records = records.filter(_is_one_of(scan_ids))
        buffer = min(count, SHUFFLE_BUFFER)
        return records.shuffle(buffer, seed=tf.random.stateless_uniform([], epoch_seed, maxval=2**31, dtype=tf.int64))

    epochs = tf.data.Dataset.range(first_epoch, np.iinfo(np.int64).max)
    return epochs.flat_map(epoch_records).skip(offset).enumerate(start)


def _is_one_of(scan_ids: Sequence[str]) -> Callable[[tf.Tensor], tf.Tensor]:
    """Whether a serialized record is of one of those scans."""
    wanted = tf.constant(list(scan_ids))

    def is_one(record: tf.Tensor) -> tf.Tensor:
        key = schema.IMAGE_SOURCE_ID
        features = tf.io.parse_single_example(record, {key: tf.io.FixedLenFeature([], tf.string, "")})
        return tf.reduce_any(tf.equal(features[key], wanted))

    return is_one


def load_images(
    directory: Path, split: str, limit: int, masks: bool = False, scan_ids: Sequence[str] | None = None
) -> np.ndarray:
    """The first images of a split in stored order: uint8 `[N, H, W, 2 if masks else 1]`.

    Raises:
        UserError: the directory is no data set, or the split is empty.
    """
    info = schema.DatasetInfo.load(directory)
    shards = [str(path) for path in schema.shard_paths(directory, split)]
    records = tf.data.TFRecordDataset(shards)
    if scan_ids is not None:
        records = records.filter(_is_one_of(scan_ids))
    images = records.take(limit).map(lambda record: decode_image(record, info.image_size, masks))
    return np.stack(list(images.as_numpy_iterator()))
