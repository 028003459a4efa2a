"""Which scans belong together (one patient, one acquisition) and must not be parted between splits."""

import os
import re
import unicodedata
from collections.abc import Mapping, Sequence

from pipeline.preprocessing.inputs.mask_names import composed
from tfgan_thyroid.errors import UserError

PHANTOM_PATTERN = r"patient\d+"
# What the name of a group starts with if a DICOM file states it; a hash follows.
DICOM_PATIENT = "patient:"

_LIKELY_PATTERNS = (r"^([^/]+)/", r"^(.+?)[-_ .]+[A-Za-z]*[-_ ]?\d+\.\w+$")
"""What names a patient more often than not: the first folder; what stands in front of the last number."""

_IMAGE_NAME = re.compile(rb"\.(png|jpe?g|bmp|tiff?)$", re.IGNORECASE)


def choose_pattern(pattern: str | None, names: Sequence[bytes]) -> str | None:
    """The regular expression to group by; None to let each file be its own group.

    Without a `pattern`, the phantoms' own is taken where every file that is named as an image matches it: a stray
    notes.txt, which will be refused, must not part patients.
    """
    if pattern is None:
        images = [name for name in names if _IMAGE_NAME.search(name)]
        return PHANTOM_PATTERN if images and unmatched(PHANTOM_PATTERN, images) == 0 else None
    if unmatched(pattern, names) == len(names):
        raise UserError(
            f"--group-pattern {pattern!r} matches none of the {len(names)} file names: "
            "give a pattern that finds the patient or acquisition in each"
        )
    return pattern


def likely_pattern(names: Sequence[bytes]) -> str | None:
    """A pattern by which names that look alike would share groups; a guess, to ask the user about."""
    for pattern in _LIKELY_PATTERNS:
        groups = {_match(pattern, name) for name in names}
        if None not in groups and 1 < len(groups) <= len(names) / 2:
            return pattern
    return None


def group_of(pattern: str | None, name: bytes, table: Mapping[bytes, str] | None = None) -> str:
    """The group of one scan: the table's, if there is one; else the pattern's first group, else its match.

    A name that neither knows is a group of its own. The pattern is searched in the file name, or in the whole relative
    path if the pattern holds a "/".
    """
    if table is not None:
        match = table.get(name)
    else:
        match = None if pattern is None else _match(pattern, name)
    if match is None:
        return f"file:{os.fsdecode(name)}"
    return f"group:{match}"


def group_of_scan(
    name: bytes, patient: str | None, pattern: str | None, table: Mapping[bytes, str] | None = None
) -> str:
    """The group by the table or the file name, else the patient that the file names, else the file alone."""
    by_name = group_of(pattern, name, table)
    return by_name if patient is None or by_name.startswith("group:") else DICOM_PATIENT + patient


def unmatched(pattern: str | None, names: Sequence[bytes]) -> int:
    """How many names `pattern` does not match; each of those is a group of its own."""
    return 0 if pattern is None else sum(_match(pattern, name) is None for name in names)


def _match(pattern: str, name: bytes) -> str | None:
    text = os.fsdecode(composed(name))
    pattern = unicodedata.normalize("NFC", pattern)
    match = re.search(pattern, text if "/" in pattern else text.rpartition("/")[2])
    if match is None:
        return None
    return next((group for group in match.groups()[:1] if group is not None), match.group())
