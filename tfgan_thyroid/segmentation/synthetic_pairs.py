"""Images with masks that nobody drew: generated pairs, or images that U-Nets have labelled."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np

from tfgan_thyroid.data.records import schema
from tfgan_thyroid.data.scans.files import ScanError, load_grey
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.segmentation.examples import SegmentationExamples, foreground, load_examples, sized

IMAGES, MASKS, SOFT_MASKS, MANIFEST = "images", "masks", "soft_masks", "manifest.json"
SIZE_REMEDY = "generate pairs from a model of that size, or preprocess the scans to the other"


def load_synthetic(path: Path, image_size: int, limit: int = 0, soft: bool = False) -> SegmentationExamples:
    """Generated pairs: the train split of a data set, or a folder of `images/*.png` and `masks/*.png` of equal names.

    Args:
        path: either of the two.
        image_size: height and width that they must have, pixels.
        limit: the first ones; 0 takes all.
        soft: learn from `soft_masks/*.png` of the folder, the probabilities that `python -m tfgan_thyroid.label` wrote.
    """
    if (path / schema.DATASET_FILE).exists():
        size = schema.DatasetInfo.load(path).image_size
        if size != image_size:
            raise UserError(f"{path} has images of {size} pixels, the labelled scans have {image_size}: {SIZE_REMEDY}")
        if soft:
            raise UserError(f"{path} is a data set, whose masks are 0 and 255: soft masks are in folders of label")
        pairs = load_examples(path, "train")
    else:
        pairs = load_pairs(path, image_size, soft)
    if limit > len(pairs):
        raise UserError(f"{limit} generated pairs were asked for, {path} has {len(pairs)}: generate more")
    return pairs.select(range(limit)) if limit else pairs


def load_pairs(folder: Path, image_size: int, soft: bool) -> SegmentationExamples:
    """A folder of `images/*.png` with a mask of equal name each, weighted as its manifest says."""
    kinds = (IMAGES, MASKS, *([SOFT_MASKS] if soft else []))
    names = {kind: {path.name for path in (folder / kind).glob("*.png")} for kind in kinds}
    if not names[IMAGES]:
        raise UserError(
            f"{folder} is neither a data set (no dataset.json) nor a folder of pairs (no images/*.png): generate them "
            "with python -m tfgan_thyroid.generate from a paired model, or label images with tfgan_thyroid.label"
        )
    for kind in kinds[1:]:
        odd = sorted(names[IMAGES] ^ names[kind])
        if odd:
            lacking = kind if odd[0] in names[IMAGES] else IMAGES
            raise UserError(
                f"{folder}: {odd[0]} is not in {lacking}/ ({len(odd)} files without their pair): add or remove"
            )
    images, masks, soft_masks, ids = [], [], [], []
    for name in sorted(names[IMAGES]):
        mask_path = folder / MASKS / name
        images.append(_file(folder / IMAGES / name, image_size))
        masks.append(foreground(_file(mask_path, image_size), str(mask_path), "write masks of 0 and 255"))
        soft_masks += [_file(folder / SOFT_MASKS / name, image_size)] if soft else []
        ids.append(hashlib.sha256(images[-1].tobytes() + masks[-1].tobytes()).hexdigest())
    targets = np.stack(soft_masks) if soft else None
    weights = _weights(folder, sorted(names[IMAGES]))
    return SegmentationExamples(np.stack(images), np.stack(masks), ids, list(ids), targets, weights)


def _weights(folder: Path, names: list[str]) -> np.ndarray | None:
    """The weights that the manifest gives, None where it gives none."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return None
    try:
        entries = json.loads(manifest.read_text())["images"]
        found = {Path(entry["file"]).name: float(entry["weight"]) for entry in entries if "weight" in entry}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{manifest} is damaged ({error}): write the folder again") from None
    return np.array([found.get(name, 1.0) for name in names], np.float32) if found else None


def _file(path: Path, image_size: int) -> np.ndarray:
    try:
        pixels = load_grey(os.fspath(path))
    except ScanError as error:
        raise UserError(f"{path} cannot be used ({error.reason}: {error.detail})") from None
    return sized(pixels[:, :, None], image_size, str(path), SIZE_REMEDY)
