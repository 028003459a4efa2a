"""COCO JSON: one file for a whole set (https://cocodataset.org/#format-data), as CVAT and Label Studio export it."""

import dataclasses
from typing import Any, BinaryIO

import numpy as np

from tfgan_thyroid.data.masks.json_files import SET_BYTES, has_lists, read_json
from tfgan_thyroid.data.masks.labels import MaskLabel, listed
from tfgan_thyroid.data.masks.mask_format import MaskFormat
from tfgan_thyroid.data.masks.outlines import Outlines, Shape, polygon
from tfgan_thyroid.data.scans.scan import Pixels, ScanError

_LISTS = ("images", "annotations", "categories")
_NUMBER_BITS = 40  # of a run's length, at most


@dataclasses.dataclass(frozen=True)
class RunLengths:
    """Pixels column by column: how many are background, how many foreground, and so on in turn.

    pycocotools, which defines the format, is no way to read a file that came from elsewhere: it fills up what is cut
    short with memory that it has not set, and ends the process at some damaged counts.
    """

    counts: tuple[int, ...] | str  # the lengths, or the text that COCO packs them into

    def fill(self, height: int, width: int) -> Pixels:
        """As `Shape.fill`."""
        counts = _unpack(self.counts) if isinstance(self.counts, str) else self.counts
        if not all(isinstance(count, int) and count >= 0 for count in counts) or sum(counts) != height * width:
            raise ScanError("damaged", f"COCO run lengths that do not add up to {width}x{height} pixels")
        foreground = np.arange(len(counts)) % 2 * 255
        return np.repeat(foreground.astype(np.uint8), counts).reshape(width, height).T


def _unpack(text: str) -> list[int]:
    """The lengths in COCO's text: five bits a character, the lowest first; from the fourth on, the difference from the
    last but one, with a sign.
    """
    counts: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or shift > _NUMBER_BITS:
            raise ScanError("damaged", "COCO run lengths with a character that is none of theirs")
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        value -= (bits & 16) and 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    if shift:
        raise ScanError("damaged", "COCO run lengths that are cut short")
    return counts


def read_coco(file: BinaryIO, label: MaskLabel) -> dict[str, Outlines | ScanError]:
    """For each image of the set, by `file_name`: its outlines, or why it has none.

    An image without annotations has an empty mask. With several categories one must be chosen, by name or number.
    """
    document = read_json(file, SET_BYTES)
    if not all(isinstance(document.get(key), list) for key in _LISTS):
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
    shapes: list[Shape] = []
    for annotation in wanted:
        segmentation = annotation.get("segmentation")
        if isinstance(segmentation, dict):
            size = _run_length_size(segmentation, size)
            counts = segmentation.get("counts")
            if not isinstance(counts, str | list):
                raise ScanError("damaged", "COCO run lengths without counts")
            shapes.append(RunLengths(counts if isinstance(counts, str) else tuple(counts)))
        elif isinstance(segmentation, list) and segmentation and all(isinstance(part, list) for part in segmentation):
            shapes += [polygon(part) for part in segmentation]
        else:
            raise ScanError("unsupported", "a COCO box alone, without polygons or run lengths")
    return Outlines(tuple(shapes), size)


def _run_length_size(segmentation: dict[str, Any], size: tuple[int, int] | None) -> tuple[int, int]:
    """(width, height) of a mask in run lengths."""
    stated = segmentation.get("size")
    if not isinstance(stated, list) or len(stated) != 2 or not all(isinstance(length, int) for length in stated):
        raise ScanError("damaged", "COCO run lengths without a size")
    height, width = stated
    if size not in (None, (width, height)):
        raise ScanError("damaged", f"COCO run lengths of {width}x{height} pixels, in an image of other size")
    return width, height


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


COCO = MaskFormat("coco", "COCO JSON", (".json",), lambda file: has_lists(file, *_LISTS), read_set=read_coco)
