"""The mask of each scan: which form the masks have, and which one belongs to which scan."""

import dataclasses
import os
import re
from collections.abc import Sequence

from pipeline.preprocessing.inputs.list_files import ListedFile, list_folder, with_members
from pipeline.preprocessing.inputs.mask_names import MaskIndex
from tfgan_thyroid.data.masks.formats import MASK_FORMATS, formats_of
from tfgan_thyroid.data.masks.labels import MaskLabel
from tfgan_thyroid.data.masks.mask_format import MaskFile, MaskFormat
from tfgan_thyroid.data.scans.scan import ScanError
from tfgan_thyroid.data.scans.sources import Source, open_source
from tfgan_thyroid.errors import UserError

AUTO = "auto"


def find_masks(masks: str, scans: Sequence[ListedFile], mask_format: str, label: MaskLabel) -> list[MaskFile | None]:
    """The mask of each scan, None where there is none of its name or no single one.

    Args:
        masks: a folder or a zip archive with one mask a scan, or a file for all of them (COCO).
        scans: the files that are scans, which therefore are no masks.
        mask_format: one of `MASK_FORMATS`, or `auto` to recognise it.
        label: which structure to draw.
    """
    if not os.path.exists(masks):
        raise UserError(f"the mask folder {masks} is not there: give --masks a folder with one mask a scan, or a file")
    taken = {_real(scan.source) for scan in scans}
    paths, root = (list_folder(masks), masks) if os.path.isdir(masks) else ([masks], os.path.dirname(masks) or ".")
    candidates = [file for file in with_members(paths, root) if _real(file.source) not in taken]
    form, files = _recognise(masks, candidates, mask_format)
    if form.numbered_labels and label.name is not None and not re.fullmatch(r"\d{1,3}", label.name, re.ASCII):
        raise UserError(f"--mask-label {label.name!r}: masks that are {form.files} have numbers for labels")
    index = _index_files(files) if form.read_set is None else _index_sets(form, files, label)
    found: list[tuple[int, MaskFile] | None] = []
    for scan in scans:
        stem, part = form.locate(os.path.splitext(scan.member_name or scan.name)[0])
        match = index.find(stem)
        found.append(None if match is None else (match[0], dataclasses.replace(match[1], form=form.name, part=part)))
    return _one_owner(found)


def _one_owner(found: Sequence[tuple[int, MaskFile] | None]) -> list[MaskFile | None]:
    """A mask that several scans would get goes to the one that it fits most surely by name, else to none of them."""
    claims: dict[tuple, list[int]] = {}
    for way, mask in filter(None, found):
        claims.setdefault(_identity(mask), []).append(way)
    return [
        match[1]
        if match is not None
        and match[0] == min(ways := claims[_identity(match[1])])
        and (match[0] == 0 or ways.count(match[0]) == 1)
        else None
        for match in found
    ]


def _identity(mask: MaskFile) -> tuple:
    return mask.source, mask.part, id(mask.outlines)


def _recognise(masks: str, candidates: Sequence[ListedFile], mask_format: str) -> tuple[MaskFormat, list[ListedFile]]:
    """The form of the masks and the files of that form."""
    if mask_format != AUTO:
        form = MASK_FORMATS[mask_format]
        files = [file for file in candidates if form in formats_of(os.fsdecode(file.name))]
        if not files:
            raise UserError(f"--mask-format {mask_format}, but {masks} holds no {form.files}")
        return form, files
    by_forms: dict[tuple[MaskFormat, ...], list[ListedFile]] = {}
    for file in candidates:
        by_forms.setdefault(tuple(formats_of(os.fsdecode(file.name))), []).append(file)
    by_forms.pop((), None)
    if not by_forms:
        known = ", ".join(form.files for form in MASK_FORMATS.values())
        raise UserError(f"{masks} holds no masks: give --masks one of {known}")
    if len(by_forms) > 1:
        listed = " and ".join(" or ".join(form.files for form in forms) for forms in by_forms)
        raise UserError(f"{masks} holds {listed}: say with --mask-format {'|'.join(MASK_FORMATS)} which are the masks")
    ((forms, files),) = by_forms.items()
    if os.path.isfile(masks) and len(files) == 1:  # one file is for all scans, if it can be
        forms = tuple(form for form in forms if form.read_set is not None) or forms
    return _form_of(files[0], forms), files


def _form_of(file: ListedFile, forms: Sequence[MaskFormat]) -> MaskFormat:
    """The first form that recognises the file, else the last."""
    for form in forms[:-1]:
        try:
            with open_source(file.source) as opened:
                if form.recognise(opened):
                    return form
        except ScanError:  # as a mask of its own, it will be refused with this reason
            break
    return forms[-1]


def _index_files(files: Sequence[ListedFile]) -> MaskIndex[MaskFile]:
    """Files with one mask, or the masks of one case, each."""
    index: MaskIndex[MaskFile] = MaskIndex()
    for file in files:
        index.add(os.path.splitext(file.member_name or file.name)[0], MaskFile("", file.source))
    return index


def _index_sets(form: MaskFormat, files: Sequence[ListedFile], label: MaskLabel) -> MaskIndex[MaskFile]:
    """What files for whole sets hold of each scan."""
    assert form.read_set is not None
    index: MaskIndex[MaskFile] = MaskIndex()
    for file in files:
        try:
            with open_source(file.source) as opened:
                found = form.read_set(opened, label)
        except ScanError as error:
            name = os.fsdecode(file.name)
            reason = f"{error.reason} ({error.detail})"
            raise UserError(f"the {form.files} file {name!r} cannot be used: {reason}") from None
        for name, outlines in found.items():
            stem = os.path.splitext(name.replace("\\", "/").encode("utf-8", "surrogateescape"))[0]
            index.add(stem, MaskFile("", file.source, outlines=outlines))
    return index


def _real(source: Source) -> tuple[bytes, int | None]:
    return os.path.realpath(source.path), source.member
