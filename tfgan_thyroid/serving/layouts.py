"""Folders of images as other programs expect them: plain, nnU-Net v2, COCO, DICOM.

A layout says where an image and its mask go and how they are encoded, and writes the index that its readers look for.
Generated images say in every layout that they are synthetic: PNG files in text chunks, DICOM files in their header.
"""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfgan_thyroid.serving.png_files import with_text
from tfgan_thyroid.serving.synthetic_folder import PLAIN, About, Entry, Layout


def _pixels(png: bytes) -> np.ndarray:
    """Grey levels `[H, W]`."""
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(png)).convert("L"))


def _label_map(png: bytes, about: About) -> bytes:
    """The mask with foreground 1, as nnU-Net numbers labels."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray((_pixels(png) > 127).astype(np.uint8)).save(file, "PNG")
    return with_text(file.getvalue(), about)


def _nnunet_index(folder: Path, entries: Sequence[Entry], description: str) -> None:
    """The `dataset.json` of nnU-Net v2."""
    document = {
        "channel_names": {"0": "ultrasound"},
        "labels": {"background": 0, "foreground": 1},
        "numTraining": len(entries),
        "file_ending": ".png",
        "description": description,
    }
    (folder / "dataset.json").write_text(json.dumps(document, indent=2) + "\n")


def _coco_index(folder: Path, entries: Sequence[Entry], description: str) -> None:
    """`annotations.json`: one object an image, as run lengths, which keep every pixel."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, entry in enumerate(entries, start=1):
        mask = _pixels((folder / entry["mask"]).read_bytes()) > 127
        height, width = mask.shape
        images.append({"id": number, "file_name": entry["file"], "height": height, "width": width})
        if mask.any():
            segmentation = {"size": [height, width], "counts": run_lengths(mask)}
            place = {"id": number, "image_id": number, "category_id": 1, "iscrowd": 0}
            annotations.append({**place, "segmentation": segmentation, "area": int(mask.sum()), "bbox": _box(mask)})
    document = {
        "info": {"description": description},
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "foreground"}],
    }
    (folder / "annotations.json").write_text(json.dumps(document) + "\n")


def run_lengths(mask: np.ndarray) -> list[int]:
    """COCO's uncompressed run lengths: column by column, of background first.

    Args:
        mask: bool `[H, W]`.
    """
    flat = mask.ravel(order="F")
    borders = np.flatnonzero(np.diff(flat)) + 1
    lengths = np.diff([0, *borders, flat.size]).tolist()
    return [0, *lengths] if flat[0] else lengths


def _box(mask: np.ndarray) -> list[int]:
    """Left, top, width and height of the foreground, pixels."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return [int(v) for v in (columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1)]


def _dicom(png: bytes, about: About) -> bytes:
    from tfgan_thyroid.serving.secondary_capture import encode_secondary_capture

    return encode_secondary_capture(_pixels(png), about)


LAYOUTS = {
    "plain": PLAIN,
    "nnunet": Layout(
        "imagesTr/{}_0000.png",
        "labelsTr/{}.png",
        encode_mask=_label_map,
        write_index=_nnunet_index,
        needs_masks=True,
    ),
    "coco": PLAIN._replace(write_index=_coco_index, needs_masks=True),
    "dicom": Layout("images/{}.dcm", "masks/{}.png", encode_image=_dicom, needs_model=True),
}
