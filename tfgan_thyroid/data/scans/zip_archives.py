"""Zip archives of scans, read in place: nothing is unpacked to disk, and no entry may be larger than it has to be."""

import functools
import io
import os
import struct
import zipfile
from typing import BinaryIO, NoReturn

from tfgan_thyroid.data.scans.scan import MAX_FILE_BYTES, ScanError

SIGNATURES = (b"PK\3\4", b"PK\5\6")
MAX_MEMBERS = 1_000_000
MAX_DIRECTORY_BYTES = 2**27
MAX_RATIO = 200
_RATIO_FROM_BYTES = 2**24
_LOCAL_HEADER_BYTES = 30
_END_BYTES = 22


def list_members(path: bytes) -> list[tuple[int, bytes]]:
    """The files in an archive, hidden ones left out, as (place in its directory, name).

    A name is what the archive says, and may be anything: it is never used as a path.
    """
    archive = _archive(path)
    members = [
        (index, info.filename.encode("utf-8", "surrogateescape"))
        for index, info in enumerate(archive.infolist())
        if not info.is_dir() and not _is_hidden(info.filename)
    ]
    if not members:
        raise ScanError("empty", "an archive without files")
    return members


def open_member(path: bytes, index: int) -> BinaryIO:
    """The bytes of one member, in memory.

    Raises:
        ScanError: a decompression bomb (beyond `MAX_FILE_BYTES`, or more than 16 MiB at over `MAX_RATIO` times what
            is stored), encrypted, damaged, or packed by a method that Python lacks.
    """
    archive = _archive(path)
    info = archive.infolist()[index]
    if info.file_size > MAX_FILE_BYTES:
        _refuse_bomb(f"{info.file_size} bytes unpacked; at most {MAX_FILE_BYTES} are read")
    if info.file_size > max(_RATIO_FROM_BYTES, MAX_RATIO * info.compress_size):
        _refuse_bomb(f"{info.compress_size} bytes unpack to {info.file_size}")
    if info.flag_bits & 1:
        raise ScanError("unreadable", "encrypted: unpack the archive with its password first")
    try:
        content = archive.read(info)
    except NotImplementedError:
        raise ScanError("unreadable", "packed by a method that is not supported: use deflate") from None
    except Exception:  # zipfile lets through whatever a broken archive provokes
        raise ScanError("damaged", "this member of the archive cannot be unpacked") from None
    if not content:
        raise ScanError("empty", "0 bytes")
    if content.startswith(SIGNATURES):
        raise ScanError("nested archive", "an archive within an archive: unpack the outer one first")
    return io.BytesIO(content)


def _archive(path: bytes) -> zipfile.ZipFile:
    try:
        status = os.stat(path)
        return _opened(path, status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise ScanError("unreadable", error.strerror or str(error)) from None


@functools.lru_cache(maxsize=4)  # its directory is read once a process, not once a member
def _opened(path: bytes, modified: int, size: int) -> zipfile.ZipFile:
    del modified
    try:
        _check_directory(path, size)
        archive = zipfile.ZipFile(os.fsdecode(path))
    except (ScanError, OSError):
        raise
    except Exception:  # zipfile lets through whatever a broken archive provokes
        raise ScanError("damaged", "no sound zip archive: its directory cannot be read") from None
    _check_overlap(archive.infolist())
    return archive


def _check_directory(path: bytes, size: int) -> None:
    """Refuse a directory that is too large to hold in memory, before it is read."""
    with open(path, "rb") as file:
        file.seek(max(0, size - _END_BYTES - 2**16 - 20))
        tail = file.read()
        end = tail.rfind(b"PK\5\6")
        if end < 0 or len(tail) - end < _END_BYTES:
            raise ScanError("truncated", "the archive ends before its directory")
        entries, length = struct.unpack_from("<HL", tail, end + 10)
        if tail[max(0, end - 20) : end].startswith(b"PK\6\7"):  # zip64: the true numbers lie elsewhere
            file.seek(struct.unpack_from("<Q", tail, end - 12)[0])
            entries, length = struct.unpack_from("<QQ", file.read(56), 32)
    if entries > MAX_MEMBERS or length > MAX_DIRECTORY_BYTES:
        _refuse_bomb(f"a directory of {entries} files in {length} bytes")


def _check_overlap(members: list[zipfile.ZipInfo]) -> None:
    """Refuse members that share bytes: so a few kilobytes could be unpacked a million times over."""
    end = 0
    for info in sorted(members, key=lambda info: info.header_offset):
        if info.header_offset < end:
            _refuse_bomb("members that overlap")
        end = info.header_offset + _LOCAL_HEADER_BYTES + info.compress_size


def _is_hidden(name: str) -> bool:
    """Whether a part of the name starts with a dot (".." leads nowhere here), or macOS put it there."""
    parts = name.split("/")
    return parts[0] == "__MACOSX" or any(part.startswith(".") and part not in (".", "..") for part in parts)


def _refuse_bomb(detail: str) -> NoReturn:
    raise ScanError("decompression bomb", detail)
