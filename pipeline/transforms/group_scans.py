"""Which scans belong together (one patient, one acquisition) and must not be parted between splits."""

import os
import re
from collections.abc import Sequence

from tfgan_thyroid.errors import UserError

PHANTOM_PATTERN = r"patient\d+"


def choose_pattern(pattern: str | None, names: Sequence[bytes]) -> str | None:
    """The regular expression to group by; None to let each file be its own group.

    Without a `pattern`, the phantoms' own is taken where every file name matches it.

    Args:
        pattern: as the user gave it.
        names: the paths of the scans relative to the input folder.

    Raises:
        UserError: the user's pattern matches no file at all.
    """
    chosen = PHANTOM_PATTERN if pattern is None else pattern
    matched = sum(_match(chosen, name) is not None for name in names)
    if pattern is None:
        return chosen if matched == len(names) else None
    if matched == 0:
        raise UserError(
            f"--group-pattern {pattern!r} matches none of the {len(names)} file names: "
            "give a pattern that finds the patient or acquisition in each"
        )
    return chosen


def group_of(pattern: str | None, name: bytes) -> str:
    """The group of one scan: the pattern's first group, else its match, else (no pattern, no match) the name itself.

    The pattern is searched in the file name, or in the whole relative path if the pattern holds a "/".
    """
    match = None if pattern is None else _match(pattern, name)
    if match is None:
        return f"file:{os.fsdecode(name)}"
    return f"group:{match}"


def unmatched(pattern: str | None, names: Sequence[bytes]) -> int:
    """How many names `pattern` does not match; each of those is a group of its own."""
    return 0 if pattern is None else sum(_match(pattern, name) is None for name in names)


def _match(pattern: str, name: bytes) -> str | None:
    text = os.fsdecode(name)
    match = re.search(pattern, text if "/" in pattern else text.rpartition("/")[2])
    if match is None:
        return None
    return next((group for group in match.groups()[:1] if group is not None), match.group())
