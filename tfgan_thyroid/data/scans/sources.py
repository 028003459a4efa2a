"""Where the bytes of a scan or mask lie: a file, or a member of a zip archive. Opened without ever waiting."""

import contextlib
import dataclasses
import os
import stat
from collections.abc import Iterator
from typing import BinaryIO

from tfgan_thyroid.data.scans import zip_archives
from tfgan_thyroid.data.scans.scan import ScanError

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclasses.dataclass(frozen=True)
class Source:
    """Bytes to read."""

    path: bytes  # the file; bytes, since a file name need not be text
    member: int | None = None  # if the file is a zip archive, which entry of its directory, from 0


@contextlib.contextmanager
def open_source(source: Source) -> Iterator[BinaryIO]:
    """Open a regular file for reading; pipes, sockets and devices, which could keep a reader waiting, are refused."""
    if source.member is not None:
        yield zip_archives.open_member(source.path, source.member)
        return
    check_regular(source.path)
    try:
        file = open(source.path, "rb")
    except OSError as error:
        raise ScanError("unreadable", error.strerror or str(error)) from None
    with file:
        yield file


def check_regular(path: bytes) -> None:
    """Raise `ScanError` unless `path` is a file, or leads to one, with something in it."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        raise ScanError("unreadable", "a link that leads nowhere, or removed meanwhile") from None
    except OSError as error:
        raise ScanError("unreadable", error.strerror or str(error)) from None
    kind = stat.S_IFMT(status.st_mode)
    if kind != stat.S_IFREG:
        link = "a link to " if os.path.islink(path) else ""
        raise ScanError("not a file", link + _KINDS.get(kind, "something else"))
    if status.st_size == 0:
        raise ScanError("empty", "0 bytes")
