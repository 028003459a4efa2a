"""Scans with masks, read whole into memory from a data set.

Labelled sets are small, since somebody drew every mask: a thousand scans of 256 pixels take 130 MB.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfgan_thyroid.data.records import schema
from tfgan_thyroid.errors import UserError

_REMEDY = "write it again with: python -m pipeline.preprocess --input SCANS --masks MASKS --output DATASET --overwrite"


@dataclasses.dataclass(frozen=True, eq=False)
class SegmentationExamples:
    """Images with masks."""

    images: np.ndarray  # uint8 `[N, H, W, 1]`
    masks: np.ndarray  # bool `[N, H, W, 1]`
    source_ids: list[str]  # a hash for each image, never a name
    group_ids: list[str]  # a hash for the group (patient, acquisition) of each image
    # Uint8 `[N, H, W, 1]`, the probability of foreground times 255, to learn from instead of `masks`; None learns from
    # `masks`.
    soft_masks: np.ndarray | None = None
    weights: np.ndarray | None = None  # float32 `[N]`, what each image's loss is multiplied by; None is 1 for all

    def __len__(self) -> int:
        return len(self.images)

    @property
    def targets(self) -> np.ndarray:
        """What a U-Net learns: the probability of foreground times 255, uint8 `[N, H, W, 1]`."""
        return self.masks * np.uint8(255) if self.soft_masks is None else self.soft_masks

    @property
    def loss_weights(self) -> np.ndarray:
        """What each image's loss is multiplied by: float32 `[N]`."""
        return np.ones(len(self), np.float32) if self.weights is None else self.weights

    def weighted(self, factor: float) -> "SegmentationExamples":
        """These, each image's loss multiplied by a factor."""
        return dataclasses.replace(self, weights=self.loss_weights * np.float32(factor))

    def select(self, indices: Sequence[int]) -> "SegmentationExamples":
        """Those of the given places, in that order."""
        places = np.asarray(indices, np.int64)
        ids = ([names[i] for i in places] for names in (self.source_ids, self.group_ids))
        extras = (None if values is None else values[places] for values in (self.soft_masks, self.weights))
        source_ids, group_ids = ids
        return SegmentationExamples(self.images[places], self.masks[places], source_ids, group_ids, *extras)

    def append(self, other: "SegmentationExamples") -> "SegmentationExamples":
        """These, then the others."""
        return SegmentationExamples(
            np.concatenate([self.images, other.images]),
            np.concatenate([self.masks, other.masks]),
            self.source_ids + other.source_ids,
            self.group_ids + other.group_ids,
            np.concatenate([self.targets, other.targets]),
            np.concatenate([self.loss_weights, other.loss_weights]),
        )

    def draw(self, limit: int, seed: int) -> "SegmentationExamples":
        """`limit` of them in stored order, drawn by the seed; a larger limit draws the same ones and more."""
        if limit > len(self):
            raise UserError(f"{limit} labelled scans were asked for, {len(self)} are there: lower --limit")
        return self.select(sorted(np.random.default_rng(seed).permutation(len(self))[:limit]))

    @property
    def has_foreground(self) -> bool:
        """Whether any mask has a foreground pixel."""
        return bool(self.masks.any())

    def with_ids(self, source_ids: Sequence[str]) -> "SegmentationExamples":
        """Those of the given source ids, in that order."""
        places = {source_id: place for place, source_id in enumerate(self.source_ids)}
        missing = [source_id for source_id in source_ids if source_id not in places]
        if missing:
            raise UserError(f"no labelled scan has the id {missing[0]}: give ids of the data set's train split")
        return self.select([places[source_id] for source_id in source_ids])


def load_examples(directory: Path, split: str) -> SegmentationExamples:
    """A split of a data set, in stored order.

    Raises:
        UserError: no data set, an empty split, no masks, or a mask of another size or with other values than 0 and
            255.
    """
    info = schema.DatasetInfo.load(directory)
    if not info.masks:
        raise UserError(
            f"{directory} has no masks, and a U-Net learns from masks: give --masks when writing it: "
            "python -m pipeline.preprocess --input SCANS --masks MASKS --output DATASET"
        )
    shards = [str(path) for path in schema.shard_paths(directory, split)]
    texts = (schema.IMAGE_ENCODED, schema.MASK_ENCODED, schema.IMAGE_SOURCE_ID, schema.IMAGE_GROUP_ID)
    features = {name: tf.io.FixedLenFeature([], tf.string, "") for name in texts}
    images, masks, source_ids, group_ids = [], [], [], []
    for record in _records(directory, shards):
        values = tf.io.parse_single_example(record, features)
        image_png, mask_png, source_id, group_id = (values[name].numpy() for name in texts)
        where = f"record {source_id.decode()[:12]} of {directory}"
        images.append(_pixels(image_png, info.image_size, f"the image of {where}", _REMEDY))
        mask = _pixels(mask_png, info.image_size, f"the mask of {where}", _REMEDY)
        masks.append(foreground(mask, f"the mask of {where}", _REMEDY))
        source_ids.append(source_id.decode())
        group_ids.append(group_id.decode())
    return SegmentationExamples(np.stack(images), np.stack(masks), source_ids, group_ids)


def load_training_examples(directory: Path) -> SegmentationExamples:
    """The train split, as `load_examples`."""
    examples = load_examples(directory, "train")
    if not examples.has_foreground:
        raise UserError(
            f"no mask of the train split of {directory} has foreground, so a U-Net has nothing to learn: look at the "
            "mask files and at --mask-label of pipeline.preprocess"
        )
    return examples


def _records(directory: Path, shards: list[str]) -> Iterator[bytes]:
    try:
        yield from tf.data.TFRecordDataset(shards).as_numpy_iterator()
    except tf.errors.DataLossError:
        raise UserError(f"a record of {directory} is damaged: {_REMEDY}") from None


def _pixels(png: bytes, image_size: int, what: str, remedy: str) -> np.ndarray:
    if not png:
        raise UserError(f"{what} is missing: {remedy}")
    try:
        pixels = tf.io.decode_png(png, channels=1).numpy()
    except tf.errors.InvalidArgumentError:
        raise UserError(f"{what} is no PNG file: {remedy}") from None
    return sized(pixels, image_size, what, remedy)


def sized(pixels: np.ndarray, image_size: int, what: str, remedy: str) -> np.ndarray:
    """The pixels, refused where they are of another size."""
    height, width = pixels.shape[:2]
    if (height, width) != (image_size, image_size):
        raise UserError(f"{what} has {width}x{height} pixels, wanted {image_size}x{image_size}: {remedy}")
    return pixels


def foreground(mask: np.ndarray, what: str, remedy: str) -> np.ndarray:
    """A mask of 0 and 255 as a bool array, refused where it has other values."""
    odd = np.setdiff1d(mask, [0, 255])
    if len(odd):
        raise UserError(f"{what} has the value {odd[0]}, wanted 0 and 255 alone: {remedy}")
    return mask == 255
