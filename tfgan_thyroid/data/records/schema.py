"""What a dataset directory holds: the contract between the Beam job that writes it and everything that reads it.

    DATASET/
      dataset.json         DatasetInfo, below
      schema.pbtxt         the keys of a record, as a tensorflow_metadata Schema
      statistics.json      counts, grey levels and sizes of each split
      statistics/          the same as tensorflow_metadata messages, Split-NAME/FeatureStats.pb
      rejected.jsonl       the files that were refused, and why: for the owner of the scans, since it names files
      duplicates.jsonl     the files that hold the same picture or nearly the same: for the owner, too
      near_duplicates.json the scans that look alike, by their ids
      contact_sheet.png    a sample of the stored images, by split
      crop_sheet.png       a sample of the raw scans, with the box that was kept
      Split-train/examples-00000-of-00004.tfrecord ...
      Split-eval/ ... Split-test/ ...

A directory is complete or absent: it appears by one rename. This module imports no TensorFlow.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfgan_thyroid import places
from tfgan_thyroid.config import stage_count
from tfgan_thyroid.errors import UserError

SCHEMA_VERSION = 1
SPLITS = ("train", "eval", "test")

IMAGE_ENCODED = "image/encoded"
IMAGE_HEIGHT = "image/height"
IMAGE_WIDTH = "image/width"
IMAGE_SOURCE_ID = "image/source_id"
IMAGE_GROUP_ID = "image/group_id"
IMAGE_SHA256 = "image/key/sha256"
MASK_ENCODED = "mask/encoded"

DATASET_FILE = "dataset.json"
SCHEMA_FILE = "schema.pbtxt"
STATISTICS_FILE = "statistics.json"
REJECTED_FILE = "rejected.jsonl"
DUPLICATES_FILE = "duplicates.jsonl"
CONTACT_SHEET_FILE = "contact_sheet.png"
CROP_SHEET_FILE = "crop_sheet.png"
NEAR_DUPLICATES_FILE = "near_duplicates.json"

_REMEDY = "write one with: python -m pipeline.preprocess --input SCANS --output DATASET"


@dataclasses.dataclass(frozen=True)
class DatasetInfo:
    """The contents of `dataset.json`."""

    schema_version: int  # the version of this contract that wrote the directory
    counts: dict[str, int]  # number of records of each split of `SPLITS`; 0 for a split that is empty
    image_size: int  # height and width of every image, pixels
    channels: int  # 1, grey
    masks: bool  # whether every record carries `mask/encoded`
    crop: str  # the crop policy as given to `crop_policies.find_crop`
    resize: str  # the name of the resampling filter
    seed: int  # the seed that drew the splits
    # What names a scan's group: `"file"`, `"dicom-patient"` (the patient in DICOM files, else the file), `"table"`, or
    # `"pattern:"` and a regular expression over the file's name.
    group_rule: str
    package_version: str  # the version of tfgan-thyroid that wrote the directory
    # SHA-256 over the sorted pixel digests of each split. The same pixels in the same splits give the same digest,
    # whatever the files were called, whichever salt keyed the identifiers.
    digest: str
    # The fractions that were asked for; empty if lists gave the splits.
    splits: dict[str, float] = dataclasses.field(default_factory=dict)
    # Number of groups of each split; no group is in two.
    groups: dict[str, int] = dataclasses.field(default_factory=dict)
    rejected: int = 0  # number of files refused
    keyed_ids: bool = False  # whether a salt keyed `image/source_id` and `image/group_id`
    white_level: int = 65535  # the 16-bit value stored as white, 255
    listed_splits: bool = False  # whether lists gave the splits
    # Scans whose perceptual hashes differ in at most so many bits share a split; None: not sought.
    near_duplicates: int | None = None
    inpainted: bool = False  # whether burned-in calipers and text were filled in

    def __post_init__(self) -> None:
        stage_count(self.image_size)
        unknown = set(self.counts) - set(SPLITS)
        if unknown:
            raise UserError(f"unknown split {sorted(unknown)[0]!r}: the splits are {', '.join(SPLITS)}")

    def save(self, directory: Path) -> None:
        """Write `directory/dataset.json`."""
        text = json.dumps(dataclasses.asdict(self), indent=2)
        (Path(directory) / DATASET_FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> "DatasetInfo":
        """Read `directory/dataset.json`."""
        path = Path(directory) / DATASET_FILE
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            raise UserError(
                f"{directory} {places.describe(Path(directory))}, not a data set (no dataset.json); {_REMEDY}"
            ) from None
        except ValueError as error:
            raise UserError(f"{path} is not readable JSON ({error}); {_REMEDY} --overwrite") from None
        return cls._from_json(values, path)

    @classmethod
    def _from_json(cls, values: Any, path: Path) -> "DatasetInfo":
        version = values.get("schema_version") if isinstance(values, dict) else None
        if version != SCHEMA_VERSION:
            raise UserError(f"{path} has schema version {version}, wanted {SCHEMA_VERSION}; {_REMEDY} --overwrite")
        fields = {field.name for field in dataclasses.fields(cls)}
        try:
            return cls(**{name: value for name, value in values.items() if name in fields})
        except (TypeError, ValueError) as error:
            raise UserError(f"{path} is incomplete ({error}); {_REMEDY} --overwrite") from None


def dataset_digest(record_digests: Mapping[str, list[str]]) -> str:
    """The `digest` of `dataset.json`: SHA-256 over the name and the sorted record digests of each filled split."""
    digest = hashlib.sha256()
    for split in SPLITS:
        if record_digests.get(split):
            digest.update("\n".join([split, *sorted(record_digests[split]), ""]).encode("ascii"))
    return digest.hexdigest()


def shard_name(index: int, shards: int) -> str:
    """The file name of shard `index`, counted from 0, of `shards`."""
    return f"examples-{index:05d}-of-{shards:05d}.tfrecord"


def split_directory(directory: Path, split: str) -> Path:
    """The folder that holds the shards of `split`."""
    return Path(directory) / f"Split-{split}"


def split_names(directory: Path) -> list[str]:
    """The splits that a directory has folders for, in alphabetical order."""
    return sorted(path.name.removeprefix("Split-") for path in Path(directory).glob("Split-*"))


def shard_paths(directory: Path, split: str) -> list[Path]:
    """The TFRecord files of a split, in order."""
    if split not in SPLITS:
        raise UserError(f"unknown split {split!r}: the splits are {', '.join(SPLITS)}")
    paths = sorted(split_directory(directory, split).glob("examples-*-of-*.tfrecord"))
    if not paths:
        counts = DatasetInfo.load(directory).counts
        filled = ", ".join(f"{name} {counts[name]}" for name in SPLITS if counts.get(name)) or "none"
        raise UserError(
            f"{directory} has no records in split {split!r} (filled: {filled}); give --splits when writing it"
        )
    expected = [shard_name(index, len(paths)) for index in range(len(paths))]
    if [path.name for path in paths] != expected:
        raise UserError(f"{paths[0].parent} lacks a shard: found {len(paths)}, the last is {paths[-1].name}; {_REMEDY}")
    return paths
