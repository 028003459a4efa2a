"""Which files a run reads: a folder, a glob or a zip archive, and the mask of each scan."""

import dataclasses
import glob
import os
from pathlib import Path

from pipeline.preprocessing.inputs.find_masks import AUTO, FindMask, mask_finder
from pipeline.preprocessing.inputs.list_files import (
    DICOM_EXTENSIONS,
    ListedFile,
    has_extension,
    list_folder,
    with_members,
)
from tfgan_thyroid.data.dicom import files as dicom_files
from tfgan_thyroid.data.masks.files import MaskFile
from tfgan_thyroid.data.masks.labels import MaskLabel
from tfgan_thyroid.data.scans.sources import Source
from tfgan_thyroid.errors import UserError

_ANNOTATIONS = (".json", ".xml")
_NO_LABEL = MaskLabel()


@dataclasses.dataclass(frozen=True, slots=True)
class ScanFile:
    """A file to read.

    Args:
        name: the path relative to the input folder, with "/" between its parts; bytes, since a file name need not be
            text. For a member of a zip archive, the archive's name followed by the member's.
        path: the path to open.
        mask: where its mask is; None if none was found or masks are not asked for.
        member: if the file is a zip archive, which entry of its directory, from 0.
    """

    name: bytes
    path: bytes
    mask: MaskFile | None = None
    member: int | None = None

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
        masks: where the masks are, see `find_masks.mask_finder`. It may be the input itself, or lie below it.
        mask_format: their form.
        mask_label: which structure to draw.

    Raises:
        UserError: nothing there, nothing in it, a folder or archive that holds scans and masks side by side, or DICOM
            files without the `dicom` extra.
    """
    root, paths = _resolve(pattern)
    if masks is None and (root / "images").is_dir() and (root / "masks").is_dir():
        raise UserError(
            f"{root} holds images and masks, which would both be taken for scans: "
            f"give --input {root / 'images'} --masks {root / 'masks'}"
        )
    if masks is not None and os.path.isfile(masks) and os.path.realpath(masks) == os.path.realpath(pattern):
        raise UserError(f"--input and --masks are the same file, {masks}: give each its own folder, archive or file")
    if masks is not None:
        paths = _without_masks(paths, root, masks)
    files = list(with_members(paths, root))
    if not files:
        raise UserError(
            f"no files in {pattern}: give --input a folder of PNG, JPEG, BMP, TIFF or DICOM scans, or a quoted glob"
        )
    _check(files)
    find_mask: FindMask = lambda name: None  # noqa: E731
    if masks is not None:
        find_mask = mask_finder(masks, [file.source for file in files], mask_format, mask_label)
    scans = [
        ScanFile(file.name, file.source.path, find_mask(file.member_name or file.name), file.source.member)
        for file in files
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


def _check(files: list[ListedFile]) -> None:
    """Raise `UserError` for what would go wrong with every scan alike."""
    if any(has_extension(file.name, DICOM_EXTENSIONS) for file in files) and not dicom_files.is_supported():
        raise UserError(f"the input holds DICOM files, which need an extra: {dicom_files.INSTALL}")
    tops: dict[bytes, set[bytes]] = {}
    for file in files:
        if file.member_name is not None:
            tops.setdefault(file.source.path, set()).update(file.member_name.split(b"/")[:-1])
    for path, folders in tops.items():
        if {b"images", b"masks"} <= folders:
            raise UserError(
                f"the archive {os.fsdecode(path)!r} holds images and masks, which would both be taken for scans: "
                "unpack it, and give both folders to --input and --masks"
            )
