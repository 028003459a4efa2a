"""Reads every record of a split, with its checksums, and keeps account of what it holds and what is wrong with it."""

import dataclasses
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.preprocessing.write.split_statistics import grey_moments
from pipeline.validation.schema_rules import FeatureRule
from tfgan_thyroid.data.records import schema
from tfgan_thyroid.data.records.examples import parse_features, read_records

# Grey levels. Speckle of real and simulated scans has a standard deviation of 20 to 60.
CONSTANT_CONTRAST = 1.0
BLACK_MEAN = 4.0

Features = dict[str, list]


@dataclasses.dataclass
class SplitAccount:
    """What the records of one split hold."""

    records: int = 0  # those that could be read
    groups: Counter = dataclasses.field(default_factory=Counter)  # records of each group
    # Records of each image, by its digest as recomputed from the pixels.
    images: Counter = dataclasses.field(default_factory=Counter)
    # Of image and mask, as `dataset.json` hashes them.
    record_digests: list[str] = dataclasses.field(default_factory=list)
    # How often each grey level occurs, int64 `[256]`.
    histogram: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(256, np.int64))
    constant: int = 0  # images without contrast
    black: int = 0  # images that are nearly black, and not constant
    masks: int = 0  # masks that could be read
    empty_masks: int = 0  # those without foreground
    faults: Counter = dataclasses.field(default_factory=Counter)  # (feature or None, kind) -> how many records have it
    # The same keys -> what the first of them has.
    examples: dict[tuple[str | None, str], str] = dataclasses.field(default_factory=dict)

    def note(self, feature: str | None, kind: str, detail: str) -> None:
        """Count a fault of one record."""
        self.faults[feature, kind] += 1
        self.examples.setdefault((feature, kind), detail)


def account_for_split(directory: Path, split: str, size: int, rules: Mapping[str, FeatureRule]) -> SplitAccount:
    """Read a split."""
    account = SplitAccount()
    for features in _examples(directory, split, account):
        account.records += 1
        _check_rules(features, rules, account)
        image = _decode(features, schema.IMAGE_ENCODED, size, account)
        mask = _decode(features, schema.MASK_ENCODED, size, account)
        account.groups[_text(features, schema.IMAGE_GROUP_ID)] += 1
        if image is not None:
            _count_image(features, image, mask, account)
        if mask is not None:
            _count_mask(mask, account)
    return account


def _examples(directory: Path, split: str, account: SplitAccount) -> Iterator[Features]:
    """The features of every record that is whole; a file is given up where its frames stop making sense."""
    paths = sorted(schema.split_directory(directory, split).glob("examples-*-of-*.tfrecord"))
    if [path.name for path in paths] != [schema.shard_name(index, len(paths)) for index in range(len(paths))]:
        account.note(None, "missing file", f"{len(paths)} files, the last is {paths[-1].name}")
    for path in paths:
        with open(path, "rb") as file:
            try:
                for payload in read_records(file):
                    features = _parse(payload, path.name, account)
                    if features is not None:
                        yield features
            except ValueError as error:
                account.note(None, "damaged file", f"{path.name}: {error}; what follows in this file was not read")


def _parse(payload: bytes, name: str, account: SplitAccount) -> Features | None:
    try:
        return parse_features(payload)
    except ValueError as error:
        account.note(None, "damaged record", f"{name}: {error}")
        return None


def _check_rules(features: Features, rules: Mapping[str, FeatureRule], account: SplitAccount) -> None:
    for name in features.keys() - rules.keys():
        account.note(name, "feature not in the schema", "the record has it")
    for name, rule in rules.items():
        if not features.get(name):
            if rule.required:
                account.note(name, "feature missing", "no value, and the schema requires one")
            continue
        for kind, detail in rule.faults(features[name]):
            account.note(name, kind, detail)


def _decode(features: Features, name: str, size: int, account: SplitAccount) -> np.ndarray | None:
    """The pixels of an image or mask, uint8 `[size, size]`; None, and a fault noted, where they are something else."""
    from PIL import Image

    values: list[Any] = features.get(name) or []
    if not values or not isinstance(values[0], bytes):
        return None
    try:
        with Image.open(io.BytesIO(values[0]), formats=("PNG",)) as image:
            shape, mode = (image.height, image.width), image.mode
            pixels = np.asarray(image)
    except Exception as error:  # Pillow lets through whatever a broken file provokes
        account.note(name, "not an image", f"no PNG that can be read ({type(error).__name__})")
        return None
    if mode != "L":
        account.note(name, "wrong pixel format", f"PNG of mode {mode}, wanted 8-bit grey")
        return None
    if shape != (size, size):
        account.note(name, "wrong image size", f"{shape[1]}x{shape[0]} pixels, wanted {size}x{size}")
        return None
    return pixels


def _count_image(features: Features, image: np.ndarray, mask: np.ndarray | None, account: SplitAccount) -> None:
    digest = hashlib.sha256(b"%d %d\n" % image.shape + image.tobytes()).hexdigest()
    if _text(features, schema.IMAGE_SHA256) != digest:
        account.note(schema.IMAGE_SHA256, "wrong digest", "the pixels have another SHA-256 than the record says")
    account.images[digest] += 1
    mask_digest = b"" if mask is None else hashlib.sha256(mask.tobytes()).digest()
    account.record_digests.append(hashlib.sha256(bytes.fromhex(digest) + mask_digest).hexdigest())
    counts = np.bincount(image.ravel(), minlength=256)
    account.histogram += counts
    mean, contrast = grey_moments(counts)
    account.constant += contrast < CONSTANT_CONTRAST
    account.black += mean < BLACK_MEAN and contrast >= CONSTANT_CONTRAST


def _count_mask(mask: np.ndarray, account: SplitAccount) -> None:
    account.masks += 1
    account.empty_masks += not mask.any()
    odd = np.setdiff1d(mask, (0, 255))
    if odd.size:
        account.note(schema.MASK_ENCODED, "mask not binary", f"value {odd[0]}, wanted 0 and 255")


def _text(features: Features, name: str) -> str:
    values = features.get(name) or [b""]
    return values[0].decode("ascii", "replace") if isinstance(values[0], bytes) else str(values[0])
