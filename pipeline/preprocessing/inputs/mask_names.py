"""Names that tell masks from scans, and which mask belongs to which scan."""

import os
import re
import unicodedata
from collections.abc import Iterable
from typing import Generic, TypeVar

from pipeline.preprocessing.inputs.list_files import ListedFile

Found = TypeVar("Found")

_TELLING_APART = re.compile(rb"image|img|mask|scan|label|annotation|segmentation", re.IGNORECASE)
_MASK = rb"(?:mask|label|annotation|segmentation|seg|gt|ground[ _-]?truth)s?"
_MASK_FOLDER = re.compile(rb"(?:^|[^a-z])" + _MASK + rb"(?:tr|ts|val)?(?:$|[^a-z])", re.IGNORECASE)
# BUSI calls a mask `benign (1)_mask.png`, and a further one of the same scan `benign (1)_mask_1.png`.
_MASK_ENDING = re.compile(rb"[ _.-]" + _MASK + rb"(?:[ _-]\d+)?$", re.IGNORECASE)
_CHANNEL_ENDING = re.compile(rb"_0000$")  # nnU-Net's scan `case_1_0000.png` has the mask `case_1.png`


def composed(name: bytes) -> bytes:
    """A name as most systems write it: macOS takes letters with marks apart (NFD), others put them together (NFC)."""
    return os.fsencode(unicodedata.normalize("NFC", os.fsdecode(name)))


def masks_among(files: Iterable[ListedFile]) -> dict[bytes, bytes]:
    """The files that are masks of others by name, as `masks/a.png` is of `images/a.png`; each with such a scan."""
    masks: list[ListedFile] = []
    scans: dict[bytes, bytes] = {}
    for file in files:
        folder, _, last = _stem(file.name).rpartition(b"/")
        if _MASK_FOLDER.search(folder) or _MASK_ENDING.search(last):
            masks.append(file)
        else:
            scans.update(dict.fromkeys(_keys(_stem(file.name))[1::2], file.name))
    return {file.name: scans[key] for file in masks for key in reversed(_keys(_stem(file.name))[1::2]) if key in scans}


class MaskIndex(Generic[Found]):
    """Finds what belongs to a scan by its path up to the extension, else by its path without the words that tell
    folders of scans from folders of masks (`p1/images/a.png`, `p1/masks/a.png`), else by its name alone, else by its
    name without such endings (`a_mask.png`).
    """

    def __init__(self) -> None:
        self._by_key: tuple[dict[bytes, list[Found]], ...] = ({}, {}, {}, {})

    def add(self, stem: bytes, found: Found) -> None:
        """Take in what is called `stem`, a path without its extension."""
        for table, key in zip(self._by_key, _keys(stem), strict=True):
            table.setdefault(key, []).append(found)

    def find(self, stem: bytes) -> tuple[int, Found] | None:
        """What belongs to the scan of this path without extension, and by which of the ways, 0 for the surest; None if
        there is nothing, or several.
        """
        for way, (table, key) in enumerate(zip(self._by_key, _keys(stem), strict=True)):
            if key in table:
                return (way, table[key][0]) if len(table[key]) == 1 else None
        return None


def _stem(name: bytes) -> bytes:
    return os.path.splitext(name)[0]


def _keys(stem: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    stem = composed(stem)
    folder, _, last = stem.rpartition(b"/")
    bare = _CHANNEL_ENDING.sub(b"", _MASK_ENDING.sub(b"", last))
    return stem, _TELLING_APART.sub(b"", folder).lower() + b"/" + last, last, bare
