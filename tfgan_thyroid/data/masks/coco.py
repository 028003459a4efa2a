"""COCO JSON: one file for a whole set (https://cocodataset.org/#format-data), as CVAT and Label Studio export it."""

from typing import Any, BinaryIO

from tfgan_thyroid.data.masks.json_files import SET_BYTES, read_json
from tfgan_thyroid.data.masks.labels import MaskLabel, listed
from tfgan_thyroid.data.masks.outlines import Outlines, polygon
from tfgan_thyroid.data.scans.scan import ScanError


def is_coco(document: dict[str, Any]) -> bool:
    """Whether a JSON document has the three lists of a COCO file of objects."""
    return all(isinstance(document.get(key), list) for key in ("images", "annotations", "categories"))


def read_coco(file: BinaryIO, label: MaskLabel) -> dict[str, Outlines | ScanError]:
    """For each image of the set, by `file_name`: its outlines, or why it has none.

    An image without annotations has an empty mask. With several categories one must be chosen, by name or number.

    Raises:
        ScanError: not a COCO file, no such category, or several and none chosen.
    """
    document = read_json(file, SET_BYTES)
    if not is_coco(document):
        raise ScanError("damaged", "JSON without the 'images', 'annotations' and 'categories' of COCO")
    category = _category(document["categories"], label)
    annotations: dict[Any, list[dict[str, Any]]] = {}
    for annotation in document["annotations"]:
        if isinstance(annotation, dict):
            annotations.setdefault(_key(annotation.get("image_id")), []).append(annotation)
    found: dict[str, Outlines | ScanError] = {}
    for image in document["images"]:
        if not isinstance(image, dict) or not isinstance(image.get("file_name"), str):
            raise ScanError("damaged", "an image without 'file_name'")
        try:
            found[image["file_name"]] = _outlines(image, annotations.get(_key(image.get("id")), []), category, label)
        except ScanError as error:
            found[image["file_name"]] = error
    return found


def _outlines(image: dict[str, Any], annotations: list[dict[str, Any]], category: str, label: MaskLabel) -> Outlines:
    width, height = image.get("width"), image.get("height")
    size = (width, height) if isinstance(width, int) and isinstance(height, int) else None
    wanted = [annotation for annotation in annotations if _key(annotation.get("category_id")) == category]
    if annotations and not wanted and not label.may_be_absent:
        raise ScanError(
            "label unknown", "only other labels on this scan; --mask-label-may-be-absent takes it for an empty mask"
        )
    polygons = []
    for annotation in wanted:
        segmentation = annotation.get("segmentation")
        if not isinstance(segmentation, list) or not all(isinstance(part, list) for part in segmentation):
            raise ScanError("unsupported", "COCO run lengths or a box alone: export polygons")
        polygons += [polygon(part) for part in segmentation]
    return Outlines(tuple(polygons), size)


def _category(categories: list[Any], label: MaskLabel) -> str:
    """The identifier of the chosen category."""
    names = {_key(entry.get("id")): str(entry.get("name")) for entry in categories if isinstance(entry, dict)}
    if label.name in names:
        return str(label.name)
    if label.name is not None and label.name not in names.values():
        raise ScanError("label unknown", f"wanted {label.name!r}, its categories are {listed(names.values())}")
    chosen = label.choose(set(names.values()))
    if chosen is None:
        raise ScanError("damaged", "no categories")
    return next(identifier for identifier, name in names.items() if name == chosen)


def _key(identifier: object) -> str:
    return str(identifier)
