"""Which files a run reads: a folder or a glob, and the mask of each scan."""

import dataclasses
import glob
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from tfgan_thyroid.data.scan_sources import Source
from tfgan_thyroid.errors import UserError


@dataclasses.dataclass(frozen=True)
class ScanFile:
    """A file to read. Paths are bytes: a file name need not be text.

    Args:
        name: the path relative to the input folder, with "/" between its parts.
        path: the path to open.
        mask_path: the path of its mask; empty if none of its name was found, None if masks are not asked for.
        member: if the file is a zip archive, which entry of its directory, from 0.
    """

    name: bytes
    path: bytes
    mask_path: bytes | None = None
    member: int | None = None

    @property
    def source(self) -> Source:
        """What to open."""
        return Source(self.path, self.member)


def find_scans(pattern: str, masks: str | None = None) -> list[ScanFile]:
    """The scans that `pattern` names, sorted by name, hidden files left out, each with its mask if `masks` is given.

    Args:
        pattern: a folder, read with all folders in it; or a glob, `**` for any depth.
        masks: a folder with one mask a scan: the same relative path, or else the same name, up to the extension.

    Raises:
        UserError: nothing there, nothing in it, or a folder that holds scans and masks side by side.
    """
    root, paths = _resolve(pattern)
    if masks is not None and not Path(masks).is_dir():
        raise UserError(f"the mask folder {masks} is not there: give --masks a folder with one mask a scan")
    if masks is None and (root / "images").is_dir() and (root / "masks").is_dir():
        raise UserError(
            f"{root} holds images and masks, which would both be taken for scans: "
            f"give --input {root / 'images'} --masks {root / 'masks'}"
        )
    if masks is not None:
        mask_root = Path(os.path.realpath(masks))
        paths = [path for path in paths if mask_root not in Path(os.path.realpath(path)).parents]
    if not paths:
        raise UserError(
            f"no files in {pattern}: give --input a folder of PNG, JPEG, BMP or TIFF scans, or a quoted glob"
        )
    find_mask = _mask_finder(masks) if masks is not None else lambda name: None
    names = ((os.fsencode(os.path.relpath(path, root).replace(os.sep, "/")), os.fsencode(path)) for path in paths)
    return [ScanFile(name, path, find_mask(name)) for name, path in sorted(names)]


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
        return root, list(_walk(pattern))
    if not glob.has_magic(pattern):
        if not os.path.lexists(pattern):
            raise UserError(f"{pattern} is not there: give --input a folder of scans, or a quoted glob")
        return root, [pattern]
    paths: dict[str, None] = {}
    for match in glob.glob(pattern, recursive=True):
        paths.update(dict.fromkeys(_walk(match) if os.path.isdir(match) else [match]))
    return root, list(paths)


def _walk(folder: str) -> Iterator[str]:
    """Every file below `folder` that is not hidden; links are followed, and no folder is entered twice."""
    entered = set()
    for directory, folders, files in os.walk(folder, onerror=_raise, followlinks=True):
        status = os.stat(directory)
        if (status.st_dev, status.st_ino) in entered:
            folders.clear()
            continue
        entered.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(directory, name) for name in sorted(files) if not name.startswith("."))


def _raise(error: OSError) -> None:
    raise error


def _mask_finder(masks: str) -> Callable[[bytes], bytes]:
    """A function from a scan's name to the path of its mask, empty where there is none or no single one."""
    by_path: dict[bytes, list[bytes]] = {}
    by_stem: dict[bytes, list[bytes]] = {}
    for path in _walk(masks):
        relative = os.path.splitext(os.fsencode(os.path.relpath(path, masks).replace(os.sep, "/")))[0]
        by_path.setdefault(relative, []).append(os.fsencode(path))
        by_stem.setdefault(os.path.basename(relative), []).append(os.fsencode(path))

    def find(name: bytes) -> bytes:
        stem = os.path.splitext(name)[0]
        found = by_path.get(stem) or by_stem.get(os.path.basename(stem)) or []
        return found[0] if len(found) == 1 else b""

    return find
