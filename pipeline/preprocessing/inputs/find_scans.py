"""Which files a run reads: a folder, a glob or a zip archive, and the mask of each scan."""

import dataclasses
import glob
import os
from pathlib import Path

from pipeline.preprocessing.inputs.find_masks import AUTO, find_masks
from pipeline.preprocessing.inputs.list_files import (
    DICOM_EXTENSIONS,
    ListedFile,
    has_extension,
    list_folder,
    with_members,
)
from pipeline.preprocessing.inputs.mask_names import masks_among
from tfgan_thyroid.data.dicom import files as dicom_files
from tfgan_thyroid.data.masks.formats import MASK_FORMATS
from tfgan_thyroid.data.masks.labels import MaskLabel
from tfgan_thyroid.data.masks.mask_format import MaskFile
from tfgan_thyroid.data.scans.files import IMAGE_SUFFIXES
from tfgan_thyroid.data.scans.sources import Source
from tfgan_thyroid.errors import UserError

_ANNOTATIONS = tuple({suffix for form in MASK_FORMATS.values() for suffix in form.suffixes} - set(IMAGE_SUFFIXES))
_SHOWN = 200
_NO_LABEL = MaskLabel()


@dataclasses.dataclass(frozen=True, slots=True)
class ScanFile:
    """A file to read."""

    # The path relative to the input folder, with "/" between its parts; bytes, since a file name need not be text. For
    # a member of a zip archive, the archive's name followed by the member's.
    name: bytes
    path: bytes  # the path to open
    mask: MaskFile | None = None  # where its mask is; None if none was found or masks are not asked for
    member: int | None = None  # if the file is a zip archive, which entry of its directory, from 0

    @property
    def source(self) -> Source:
        """What to open."""
        return Source(self.path, self.member)


def find_scans(
    pattern: str, masks: str | None = None, mask_format: str = AUTO, mask_label: MaskLabel = _NO_LABEL
) -> list[ScanFile]:
    """The scans that `pattern` names, sorted by name, hidden files left out, each with its mask if `masks` is given.

    Args:
        pattern: a folder, read with all folders and zip archives in it; a glob, `**` for any depth; or a file.
        masks: where the masks are, see `find_masks.find_masks`. It may be the input itself, or lie below it.
        mask_format: their form.
        mask_label: which structure to draw.

    Raises:
        UserError: nothing there, nothing in it, a folder or archive that holds scans and masks side by side, or DICOM
            files without the `dicom` extra.
    """
    root, paths = _resolve(pattern)
    if masks is not None and os.path.isfile(masks) and os.path.realpath(masks) == os.path.realpath(pattern):
        raise UserError(f"--input and --masks are the same file, {masks}: give each its own folder, archive or file")
    if masks is not None:
        paths = _without_masks(paths, root, masks)
    files = list(with_members(paths, root))
    if not files:
        raise UserError(
            f"no files in {pattern}: give --input a folder of PNG, JPEG, BMP, TIFF or DICOM scans, or a quoted glob"
        )
    _check_dicom(files)
    files = _without_mask_images(files, root, masks)
    found: list[MaskFile | None] = [None] * len(files)
    if masks is not None:
        found = find_masks(masks, files, mask_format, mask_label)
    scans = [
        ScanFile(file.name, file.source.path, mask, file.source.member) for file, mask in zip(files, found, strict=True)
    ]
    return sorted(scans, key=lambda scan: (scan.name, scan.member or 0))


def input_root(pattern: str) -> Path:
    """The folder that names are relative to: `pattern` itself, or the part of a glob before its first wildcard."""
    if os.path.isdir(pattern):
        return Path(pattern)
    parts = Path(pattern).parts
    fixed = next((index for index, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)
    return Path(*parts[:fixed])


def _resolve(pattern: str) -> tuple[Path, list[str]]:
    root = input_root(pattern)
    if os.path.isdir(pattern):
        return root, list(list_folder(pattern))
    if not glob.has_magic(pattern):
        if not os.path.lexists(pattern):
            raise UserError(f"{pattern} is not there: give --input a folder of scans, or a quoted glob")
        return root, [pattern]
    paths: dict[str, None] = {}
    for match in glob.glob(pattern, recursive=True):
        paths.update(dict.fromkeys(list_folder(match) if os.path.isdir(match) else [match]))
    return root, list(paths)


def _without_masks(paths: list[str], root: Path, masks: str) -> list[str]:
    """The scans among `paths`: what lies below the mask folder is a mask, and beside the scans an annotation file."""
    place, around = Path(os.path.realpath(masks)), Path(os.path.realpath(root))
    if place == around or place in around.parents:
        return [path for path in paths if not has_extension(path, _ANNOTATIONS)]
    if around not in place.parents:
        return paths
    return [path for path in paths if place not in (real := Path(os.path.realpath(path))).parents and place != real]


def _check_dicom(files: list[ListedFile]) -> None:
    if any(has_extension(file.name, DICOM_EXTENSIONS) for file in files) and not dicom_files.is_supported():
        raise UserError(f"the input holds DICOM files, which need an extra: {dicom_files.INSTALL}")


def _without_mask_images(files: list[ListedFile], root: Path, masks: str | None) -> list[ListedFile]:
    """The files that are no masks of others by their names; they may lie side by side where `--masks` says so."""
    scan_of = masks_among(files)
    if not scan_of:
        return files
    if masks is not None:
        return [file for file in files if file.name not in scan_of]
    mask, scan = (os.fsdecode(name) for name in next(iter(scan_of.items())))
    folders = [root / os.path.dirname(name) for name in (scan, mask)]
    advice = f"add --masks {root}" if folders[0] == folders[1] else f"give --input {folders[0]} --masks {folders[1]}"
    if any(file.member_name is not None for file in files if file.name in scan_of):
        advice = "unpack the archive, and give its folders to --input and --masks"
    raise UserError(
        f"{root} holds images and {len(scan_of)} masks of them, such as {mask[-_SHOWN:]!r} of {scan[-_SHOWN:]!r}, "
        f"which would all be taken for scans: {advice}, or give --input a quoted glob of the scans alone"
    )
