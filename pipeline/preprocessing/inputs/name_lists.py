"""Lists that name scans: one text file a split, or a table of patients. Read once, before any scan is."""

import codecs
import csv
import io
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from pipeline.preprocessing.inputs.mask_names import composed
from tfgan_thyroid.data.records.schema import SPLITS
from tfgan_thyroid.errors import UserError

_SHOWN = 3
_LONGEST = 100
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def parse_split_lists(text: str) -> dict[str, str]:
    """The files that `train=FILE,eval=FILE,test=FILE` names, by split, in the order of `SPLITS`."""
    files: dict[str, str] = {}
    # A comma belongs to a file name unless a split follows it.
    for part in re.split(rf",(?=(?:{'|'.join(SPLITS)})=)", text):
        split, _, file = part.partition("=")
        if split not in SPLITS or not file or split in files:
            problem = "is given twice" if split in files else f"is not SPLIT=FILE with one of {', '.join(SPLITS)}"
            raise UserError(f"split lists {text!r}: {part!r} {problem}; write train=a.txt,eval=b.txt,test=c.txt")
        files[split] = file
    return {split: files[split] for split in SPLITS if split in files}


def read_split_lists(files: Mapping[str, str], names: Sequence[bytes]) -> dict[bytes, str]:
    """The split of each scan that a list names; a scan in no list is not among the keys.

    A line is a path relative to the input folder, or a file name, or that without its extension, whichever names one
    scan; "./" before it and backslashes in it do not matter. Empty lines are skipped.

    Raises:
        UserError: a list cannot be read, or names a scan that is not there, several scans at once, or one that
            another list names too.
    """
    find = _finder(names)
    split_of: dict[bytes, str] = {}
    for split, file in files.items():
        found, missing = _resolve(map(os.fsencode, _read_text(file).split("\n")), find, file)
        if missing:
            raise UserError(f"{file} names {_first(missing)}, not in the input: remove the line, or mend the name")
        twice = [name for name in found if split_of.setdefault(name, split) != split]
        if twice:
            raise UserError(
                f"{_first(twice)} stands in the lists of {split_of[twice[0]]} and {split}: a scan belongs to one split"
            )
    return split_of


def read_group_file(file: str, names: Sequence[bytes]) -> dict[bytes, str]:
    """The group of each scan that a table with the columns `file` and `group` names; other columns do not matter.

    The table is CSV with commas, semicolons or tabs.

    Rows for files that are not in the input are skipped: a hospital's table may list more than this folder.
    """
    text = _read_text(file)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)  # spreadsheets write what their country is used to
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
        if not {"file", "group"} <= set(reader.fieldnames or ()):
            raise UserError(f"{file} has no columns file and group: its first line must name them")
        rows = [(os.fsencode(row["file"] or ""), unicodedata.normalize("NFC", row["group"] or "")) for row in reader]
    except csv.Error as error:
        raise UserError(f"{file} is no CSV table: {error}") from None
    find = _finder(names)
    groups: dict[bytes, str] = {}
    for line, group in rows:
        found, _ = _resolve([line], find, file)
        for name in found:
            if not group:
                raise UserError(f"{file}: {_first(found)} has no group; name one, or leave the row out")
            if groups.setdefault(name, group) != group:
                raise UserError(f"{file}: {_first(found)} stands in two groups")
    if not groups:
        raise UserError(f"{file} names none of the {len(names)} files: its column file must hold their names")
    return groups


def _read_text(file: str) -> str:
    """A text file in UTF-8 or, as PowerShell writes it, in UTF-16 with its mark; bytes that are neither stay as they
    are, since a file name need not be text.
    """
    content = Path(file).read_bytes()
    mark = next((mark for mark in _MARKS if content.startswith(mark)), b"")
    try:
        errors = "strict" if mark else "surrogateescape"
        text = content[len(mark) :].decode(_MARKS.get(mark, "utf-8"), errors)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UserError(f"{file} is no text in UTF-8 or UTF-16: save it as UTF-8")
    return text


def _finder(names: Sequence[bytes]) -> Callable[[bytes], list[bytes]]:
    """A function from what a list says to the names that it may mean."""
    by_path: dict[bytes, list[bytes]] = {}
    by_file: dict[bytes, list[bytes]] = {}
    by_stem: dict[bytes, list[bytes]] = {}
    for name in names:
        path = composed(name)
        base = os.path.basename(path)
        by_path.setdefault(path, []).append(name)
        by_file.setdefault(base, []).append(name)
        by_stem.setdefault(os.path.splitext(base)[0], []).append(name)

    def find(text: bytes) -> list[bytes]:
        text = composed(text)
        other = re.sub(rb"^(\./)+", b"", text.replace(b"\\", b"/"))
        tables = (by_path, by_file, by_stem)
        return next((table[key] for key in (text, other) for table in tables if key in table), [])

    return find


def _resolve(
    lines: Iterable[bytes], find: Callable[[bytes], list[bytes]], file: str
) -> tuple[list[bytes], list[bytes]]:
    """The scans that the lines name, and the lines that name none."""
    found: list[bytes] = []
    missing: list[bytes] = []
    for line in filter(None, (line.strip() for line in lines)):
        match = find(line)
        if len(match) > 1:
            raise UserError(f"{file}: {_first([line])} may mean {_first(match)}: give the path below the input folder")
        (found if match else missing).append(match[0] if match else line)
    return found, missing


def _first(names: Sequence[bytes]) -> str:
    shown = ", ".join(repr(os.fsdecode(name[:_LONGEST])) for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
