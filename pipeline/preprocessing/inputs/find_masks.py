"""The mask of each scan: which form the masks have, and which one belongs to which scan."""

import os
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from pipeline.preprocessing.inputs.list_files import (
    IMAGE_EXTENSIONS,
    ListedFile,
    has_extension,
    list_folder,
    with_members,
)
from tfgan_thyroid.data.masks.coco import is_coco, read_coco
from tfgan_thyroid.data.masks.files import MASK_FORMATS, MaskFile
from tfgan_thyroid.data.masks.json_files import SET_BYTES, read_json
from tfgan_thyroid.data.masks.labels import MaskLabel
from tfgan_thyroid.data.masks.outlines import Outlines
from tfgan_thyroid.data.scans.scan import ScanError
from tfgan_thyroid.data.scans.sources import Source, open_source
from tfgan_thyroid.errors import UserError

AUTO = "auto"
_IN_FOLDER = {"image": "images", "json": "JSON files", "xml": "XML files"}
_FORM_OF_KIND = {"image": "image", "json": "labelme", "xml": "ddti"}
_TELLING_APART = re.compile(rb"image|img|mask|scan|label|annotation|segmentation", re.IGNORECASE)
_CASE_IMAGE = re.compile(rb"(.+)_(\d{1,6})")

Found = TypeVar("Found")
FindMask = Callable[[bytes], MaskFile | None]


def mask_finder(masks: str, scans: Iterable[Source], mask_format: str, label: MaskLabel) -> FindMask:
    """A function from a scan's name to its mask, None where there is none of its name or no single one.

    Args:
        masks: a folder or a zip archive with one mask a scan, or a file for all of them (COCO).
        scans: the files that are scans, which therefore are no masks.
        mask_format: one of `MASK_FORMATS`, or `auto` to recognise it.
        label: which structure to draw.

    Raises:
        UserError: not there, no masks in it, of several forms, or a COCO file that cannot be used.
    """
    if not os.path.exists(masks):
        raise UserError(f"the mask folder {masks} is not there: give --masks a folder with one mask a scan, or a file")
    taken = {_real(scan) for scan in scans}
    paths, root = (list_folder(masks), masks) if os.path.isdir(masks) else ([masks], os.path.dirname(masks) or ".")
    candidates = [file for file in with_members(paths, root) if _real(file.source) not in taken]
    form, files = _recognise(masks, candidates, mask_format)
    if form == "image" and label.name is not None and not re.fullmatch(r"\d{1,3}", label.name, re.ASCII):
        raise UserError(f"--mask-label {label.name!r}: masks that are images have numbers for labels")
    if form == "coco":
        return _coco_finder(files, label)
    if form == "ddti":
        return _ddti_finder(files)
    return _Index((file, MaskFile(form, file.source)) for file in files).find


def _recognise(masks: str, candidates: Sequence[ListedFile], mask_format: str) -> tuple[str, list[ListedFile]]:
    """The form of the masks and the files of that form."""
    kinds: dict[str, list[ListedFile]] = {"image": [], "json": [], "xml": []}
    for file in candidates:
        if has_extension(file.name, IMAGE_EXTENSIONS):
            kinds["image"].append(file)
        elif has_extension(file.name, (".json", ".xml")):
            kinds["json" if has_extension(file.name, (".json",)) else "xml"].append(file)
    present = [kind for kind, files in kinds.items() if files]
    if mask_format != AUTO:
        kind = {"image": "image", "coco": "json", "labelme": "json", "ddti": "xml"}[mask_format]
        if not kinds[kind]:
            raise UserError(f"--mask-format {mask_format}, but {masks} holds no {_IN_FOLDER[kind]}")
        return mask_format, kinds[kind]
    if not present:
        raise UserError(f"{masks} holds no masks: give --masks images, COCO or LabelMe JSON, or DDTI XML")
    if len(present) > 1:
        listed = " and ".join(_IN_FOLDER[kind] for kind in present)
        raise UserError(f"{masks} holds {listed}: say with --mask-format {'|'.join(MASK_FORMATS)} which are the masks")
    if present == ["json"] and (os.path.isfile(masks) or _is_coco(kinds["json"][0])):
        return "coco", kinds["json"]
    return _FORM_OF_KIND[present[0]], kinds[present[0]]


def _is_coco(file: ListedFile) -> bool:
    try:
        with open_source(file.source) as opened:
            return is_coco(read_json(opened, SET_BYTES))
    except ScanError:  # as a mask of its own, it will be refused with this reason
        return False


def _coco_finder(files: Sequence[ListedFile], label: MaskLabel) -> FindMask:
    index: _Index[MaskFile] = _Index([])
    for file in files:
        try:
            with open_source(file.source) as opened:
                found: dict[str, Outlines | ScanError] = read_coco(opened, label)
        except ScanError as error:
            name = os.fsdecode(file.name)
            raise UserError(f"the COCO file {name!r} cannot be used: {error.reason} ({error.detail})") from None
        for name, outlines in found.items():
            mask = MaskFile("coco", file.source, outlines=outlines)
            index.add(name.replace("\\", "/").encode("utf-8", "surrogateescape"), mask)
    return index.find


def _ddti_finder(files: Sequence[ListedFile]) -> FindMask:
    """DDTI names the images of case 12 `12_1.jpg`, `12_2.jpg`, and describes both in `12.xml`."""
    index = _Index((file, file.source) for file in files)

    def find(name: bytes) -> MaskFile | None:
        match = _CASE_IMAGE.fullmatch(os.path.splitext(name)[0])
        source = index.find(match[1] + b".xml") if match is not None else None
        return None if match is None or source is None else MaskFile("ddti", source, image=int(match[2]))

    return find


class _Index(Generic[Found]):
    """Finds what belongs to a scan by its path up to the extension, else by its path without the words that tell
    folders of scans from folders of masks (`p1/images/a.png`, `p1/masks/a.png`), else by its name alone.
    """

    def __init__(self, entries: Iterable[tuple[ListedFile, Found]]) -> None:
        self._by_key: tuple[dict[bytes, list[Found]], ...] = ({}, {}, {})
        for file, found in entries:
            self.add(file.member_name or file.name, found)

    def add(self, name: bytes, found: Found) -> None:
        for table, key in zip(self._by_key, _keys(name), strict=True):
            table.setdefault(key, []).append(found)

    def find(self, name: bytes) -> Found | None:
        for table, key in zip(self._by_key, _keys(name), strict=True):
            if key in table:
                return table[key][0] if len(table[key]) == 1 else None
        return None


def _keys(name: bytes) -> tuple[bytes, bytes, bytes]:
    stem = os.path.splitext(name)[0]
    folder, _, last = stem.rpartition(b"/")
    return stem, _TELLING_APART.sub(b"", folder).lower() + b"/" + last, last


def _real(source: Source) -> tuple[bytes, int | None]:
    return os.path.realpath(source.path), source.member
