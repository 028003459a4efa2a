"""Fixtures shared by all tests: a small data set on disk and a small configuration."""

import hashlib
import importlib.util
import io
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from PIL import Image

from tfgan_thyroid.config import Config
from tfgan_thyroid.data.records import schema
from tfgan_thyroid.data.records.examples import encode_example, write_record
from tfgan_thyroid.data.scans.files import encode_png

IMAGE_SIZE = 16
SCANS = 20


def png_feature(image):
    """An 8-bit image as a PNG file in a tf.train.Feature."""
    import tensorflow as tf

    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[file.getvalue()]))


def write_dataset(directory, image_size=IMAGE_SIZE, scans=SCANS, seed=0, masks=False):
    """A dataset directory of smooth random images in two shards, written record by record.

    A mask, where asked for, is a square whose place and size follow from the scan's number.
    """
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    shards = 2
    folder = schema.split_directory(directory, "train")
    folder.mkdir(parents=True)
    for shard in range(shards):
        with tf.io.TFRecordWriter(str(folder / schema.shard_name(shard, shards))) as writer:
            for index in range(shard, scans, shards):
                ramp = np.linspace(20, 200, image_size)[:, None] * np.ones((1, image_size))
                image = np.clip(ramp + 10 * rng.normal(size=(image_size, image_size)), 0, 255).astype(np.uint8)
                image[0, 0] = index
                feature = {schema.IMAGE_ENCODED: png_feature(image)}
                if masks:
                    mask = np.zeros_like(image)
                    mask[1 + index % 5 :, 2:][: 3 + index % 4, : 3 + index % 6] = 255
                    feature[schema.MASK_ENCODED] = png_feature(mask)
                features = tf.train.Features(feature=feature)
                writer.write(tf.train.Example(features=features).SerializeToString())
    counts = {"train": scans, "eval": 0, "test": 0}
    schema.DatasetInfo(
        schema.SCHEMA_VERSION, counts, image_size, 1, masks, "none", "lanczos", 0, "file", "0", f"digest-{seed}"
    ).save(directory)
    return directory


def pytest_collection_modifyitems(items):
    """Where there is no TFX, its tests are skipped."""
    if importlib.util.find_spec("tfx") is None:
        for item in items:
            if item.get_closest_marker("tfx"):
                item.add_marker(pytest.mark.skip(reason="TFX is not installed: on Python 3.10, the extra tfx"))


@pytest.fixture(scope="session")
def make_dataset():
    return write_dataset


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("data") / "dataset")


@pytest.fixture(scope="session")
def tiny_config():
    return Config(image_size=IMAGE_SIZE, width=4, latent_size=8, batch_size=4, iterations=6, ema_decay=0.9)


def write_labelled_dataset(directory, counts, image_size=16, seed=0, masks=True, mask_value=255, mask_size=None):
    """A dataset directory of noisy images, each with a bright disc and its mask, in one shard a split.

    Two images that follow each other are of one group; `mask_value` and `mask_size` write masks that are not allowed.
    """
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:image_size, :image_size]
    for split, count in counts.items():
        if not count:
            continue
        folder = schema.split_directory(directory, split)
        folder.mkdir(parents=True)
        with open(folder / schema.shard_name(0, 1), "wb") as file:
            for index in range(count):
                row, column = rng.uniform(0.3, 0.7, 2) * image_size
                disc = np.hypot(rows - row, columns - column) < rng.uniform(0.15, 0.3) * image_size
                image = np.clip(60 + 120 * disc + 20 * rng.normal(size=disc.shape), 0, 255).astype(np.uint8)
                mask = np.where(disc, mask_value, 0).astype(np.uint8)[:mask_size, :mask_size]
                identity = {"source_id": f"{split}{index:04d}", "group_id": f"{split}-group{index // 2}"}
                pngs = {"image_png": encode_png(image), "mask_png": encode_png(mask) if masks else None}
                size = {"height": image_size, "width": image_size}
                write_record(file, encode_example(**pngs, **size, **identity, sha256=hashlib.sha256(image).hexdigest()))
    counts = {"train": 0, "eval": 0, "test": 0, **counts}
    schema.DatasetInfo(
        schema.SCHEMA_VERSION, counts, image_size, 1, masks, "none", "lanczos", seed, "file", "0", f"labelled-{seed}"
    ).save(directory)
    return directory


@pytest.fixture(scope="session")
def make_labelled_dataset():
    return write_labelled_dataset


@pytest.fixture(scope="session")
def labelled_dataset(tmp_path_factory):
    directory = tmp_path_factory.mktemp("data") / "labelled"
    return write_labelled_dataset(directory, {"train": 20, "eval": 6, "test": 8})
