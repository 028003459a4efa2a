"""Scans with masks, read whole into memory: from a data set, or from a folder of generated pairs.

Labelled sets are small, since somebody drew every mask: a thousand scans of 256 pixels take 130 MB.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfgan_thyroid.data.records import schema
from tfgan_thyroid.data.scans.files import ScanError, load_grey
from tfgan_thyroid.errors import UserError

_REMEDY = "write it again with: python -m pipeline.preprocess --input SCANS --masks MASKS --output DATASET --overwrite"
_MASK_FOLDER, _IMAGE_FOLDER = "masks", "images"


@dataclass(frozen=True, eq=False)
class SegmentationExamples:
    """Images with masks.

    Attributes:
        images: uint8 `[N, H, W, 1]`.
        masks: bool `[N, H, W, 1]`.
        source_ids: a hash for each image, never a name.
        group_ids: a hash for the group (patient, acquisition) of each image.
    """

    images: np.ndarray
    masks: np.ndarray
    source_ids: list[str]
    group_ids: list[str]

    def __len__(self) -> int:
        return len(self.images)

    def select(self, indices: Sequence[int]) -> "SegmentationExamples":
        """Those of the given places, in that order."""
        places = np.asarray(indices, np.int64)
        ids = ([names[i] for i in places] for names in (self.source_ids, self.group_ids))
        return SegmentationExamples(self.images[places], self.masks[places], *ids)

    def append(self, other: "SegmentationExamples") -> "SegmentationExamples":
        """These, then the others."""
        return SegmentationExamples(
            np.concatenate([self.images, other.images]),
            np.concatenate([self.masks, other.masks]),
            self.source_ids + other.source_ids,
            self.group_ids + other.group_ids,
        )

    def draw(self, limit: int, seed: int) -> "SegmentationExamples":
        """`limit` of them in stored order, drawn by the seed; a larger limit draws the same ones and more.

        Raises:
            UserError: there are not as many.
        """
        if limit > len(self):
            raise UserError(f"{limit} labelled scans were asked for, {len(self)} are there: lower --limit")
        return self.select(sorted(np.random.default_rng(seed).permutation(len(self))[:limit]))

    @property
    def has_foreground(self) -> bool:
        """Whether any mask has a foreground pixel."""
        return bool(self.masks.any())

    def with_ids(self, source_ids: Sequence[str]) -> "SegmentationExamples":
        """Those of the given source ids, in that order.

        Raises:
            UserError: one is not there.
        """
        places = {source_id: place for place, source_id in enumerate(self.source_ids)}
        missing = [source_id for source_id in source_ids if source_id not in places]
        if missing:
            raise UserError(f"no labelled scan has the id {missing[0]}: give ids of the data set's train split")
        return self.select([places[source_id] for source_id in source_ids])


def load_examples(directory: Path, split: str) -> SegmentationExamples:
    """A split of a data set, in stored order.

    Args:
        directory: a dataset directory with masks.
        split: `train`, `eval` or `test`.

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
        masks.append(_foreground(mask, f"the mask of {where}", _REMEDY))
        source_ids.append(source_id.decode())
        group_ids.append(group_id.decode())
    return SegmentationExamples(np.stack(images), np.stack(masks), source_ids, group_ids)


def load_training_examples(directory: Path) -> SegmentationExamples:
    """The train split, as `load_examples`.

    Raises:
        UserError: as there, or no mask has foreground, so that there is nothing to learn.
    """
    examples = load_examples(directory, "train")
    if not examples.has_foreground:
        raise UserError(
            f"no mask of the train split of {directory} has foreground, so a U-Net has nothing to learn: look at the "
            "mask files and at --mask-label of pipeline.preprocess"
        )
    return examples


def load_synthetic(path: Path, image_size: int, limit: int = 0) -> SegmentationExamples:
    """Generated pairs: the train split of a data set, or a folder of `images/*.png` and `masks/*.png` of equal names.

    Args:
        path: either of the two.
        image_size: height and width that they must have, pixels.
        limit: the first ones; 0 takes all.

    Raises:
        UserError: neither of the two, another image size, fewer than `limit`, or a pair that does not fit together.
    """
    if (path / schema.DATASET_FILE).exists():
        size = schema.DatasetInfo.load(path).image_size
        if size != image_size:
            raise UserError(f"{path} has images of {size} pixels, the labelled scans have {image_size}: {_SIZE_REMEDY}")
        pairs = load_examples(path, "train")
    else:
        pairs = _load_pairs(path, image_size)
    if limit > len(pairs):
        raise UserError(f"{limit} generated pairs were asked for, {path} has {len(pairs)}: generate more")
    return pairs.select(range(limit)) if limit else pairs


_SIZE_REMEDY = "generate pairs from a model of that size, or preprocess the scans to the other"


def _load_pairs(folder: Path, image_size: int) -> SegmentationExamples:
    names = [sorted(p.name for p in (folder / kind).glob("*.png")) for kind in (_IMAGE_FOLDER, _MASK_FOLDER)]
    if not names[0]:
        raise UserError(
            f"{folder} is neither a data set (no dataset.json) nor a folder of pairs (no images/*.png): generate them "
            "with python -m tfgan_thyroid.generate from a paired model"
        )
    odd = sorted(set(names[0]) ^ set(names[1]))
    if odd:
        lacking = _MASK_FOLDER if odd[0] in names[0] else _IMAGE_FOLDER
        raise UserError(f"{folder}: {odd[0]} is not in {lacking}/ ({len(odd)} files without their pair): add or remove")
    images, masks, ids = [], [], []
    for name in names[0]:
        image_path, mask_path = folder / _IMAGE_FOLDER / name, folder / _MASK_FOLDER / name
        images.append(_file(image_path, image_size))
        masks.append(_foreground(_file(mask_path, image_size), str(mask_path), "write masks of 0 and 255"))
        ids.append(hashlib.sha256(images[-1].tobytes() + masks[-1].tobytes()).hexdigest())
    return SegmentationExamples(np.stack(images), np.stack(masks), ids, list(ids))


def _records(directory: Path, shards: list[str]) -> Iterator[bytes]:
    try:
        yield from tf.data.TFRecordDataset(shards).as_numpy_iterator()
    except tf.errors.DataLossError:
        raise UserError(f"a record of {directory} is damaged: {_REMEDY}") from None


def _file(path: Path, image_size: int) -> np.ndarray:
    try:
        pixels = load_grey(os.fspath(path))
    except ScanError as error:
        raise UserError(f"{path} cannot be used ({error.reason}: {error.detail})") from None
    return _sized(pixels[:, :, None], image_size, str(path), _SIZE_REMEDY)


def _pixels(png: bytes, image_size: int, what: str, remedy: str) -> np.ndarray:
    if not png:
        raise UserError(f"{what} is missing: {remedy}")
    try:
        pixels = tf.io.decode_png(png, channels=1).numpy()
    except tf.errors.InvalidArgumentError:
        raise UserError(f"{what} is no PNG file: {remedy}") from None
    return _sized(pixels, image_size, what, remedy)


def _sized(pixels: np.ndarray, image_size: int, what: str, remedy: str) -> np.ndarray:
    height, width = pixels.shape[:2]
    if (height, width) != (image_size, image_size):
        raise UserError(f"{what} has {width}x{height} pixels, wanted {image_size}x{image_size}: {remedy}")
    return pixels


def _foreground(mask: np.ndarray, what: str, remedy: str) -> np.ndarray:
    odd = np.setdiff1d(mask, [0, 255])
    if len(odd):
        raise UserError(f"{what} has the value {odd[0]}, wanted 0 and 255 alone: {remedy}")
    return mask == 255
