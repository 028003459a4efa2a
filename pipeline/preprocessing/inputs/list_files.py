"""The files below a folder, and those in the zip archives among them."""

import dataclasses
import os
from collections.abc import Iterable, Iterator

from tfgan_thyroid.data.scans.files import IMAGE_SUFFIXES
from tfgan_thyroid.data.scans.scan import ScanError
from tfgan_thyroid.data.scans.sources import Source
from tfgan_thyroid.data.scans.zip_archives import list_members

DICOM_EXTENSIONS = (".dcm", ".dicom")


@dataclasses.dataclass(frozen=True)
class ListedFile:
    """Something that may be a scan or a mask."""

    # Its path relative to the folder, with "/" between its parts; for a member, the archive's followed by its own.
    name: bytes
    source: Source  # what to open
    member_name: bytes | None = None  # for a member of an archive, its name in it


def list_folder(folder: str) -> Iterator[str]:
    """Every file below `folder` that is not hidden; links are followed, and no folder is entered twice.

    A folder that is called like an image, and a link back to a folder that holds it, are listed too: neither is a
    scan, and reading them says so.
    """
    entered: set[tuple[int, int]] = set()
    for directory, folders, files in os.walk(folder, onerror=_raise, followlinks=True):
        status = os.stat(directory)
        if (status.st_dev, status.st_ino) in entered:
            folders.clear()
            if _leads_back(directory):
                yield directory
            continue
        entered.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(directory, name) for name in folders if has_extension(name, IMAGE_SUFFIXES))
        yield from (os.path.join(directory, name) for name in sorted(files) if not name.startswith("."))


def with_members(paths: Iterable[str], root: str | os.PathLike[str]) -> Iterator[ListedFile]:
    """The files at `paths`, named relative to `root`; a sound archive stands for its members."""
    for path in paths:
        name = os.fsencode(os.path.relpath(path, root).replace(os.sep, "/"))
        source = Source(os.fsencode(path))
        members: list[tuple[int, bytes]] = []
        if has_extension(path, (".zip",)) and os.path.isfile(path):
            try:
                members = list_members(source.path)
            except ScanError:  # reading it will say why
                members = []
        if not members:
            yield ListedFile(name, source)
        for index, member in members:
            yield ListedFile(name + b"/" + member, Source(source.path, index), member)


def has_extension(name: str | bytes, extensions: tuple[str, ...]) -> bool:
    """Whether a name ends in one of `extensions`, in whatever case."""
    return os.fsdecode(name).lower().endswith(extensions)


def _leads_back(directory: str) -> bool:
    """Whether a link leads to a folder that holds it."""
    target = os.path.realpath(directory)
    holder = os.path.realpath(os.path.dirname(directory))
    return os.path.islink(directory) and os.path.commonpath([target, holder]) == target


def _raise(error: OSError) -> None:
    raise error
