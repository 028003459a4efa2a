"""What a form of masks is, and where the mask of a scan stands. The forms themselves are a file each."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import BinaryIO

from tfgan_thyroid.data.masks.labels import MaskLabel
from tfgan_thyroid.data.masks.outlines import Outlines
from tfgan_thyroid.data.scans.scan import ScanError
from tfgan_thyroid.data.scans.sources import Source


@dataclasses.dataclass(frozen=True)
class MaskFormat:
    """A form of masks: give `read`, or `read_set` if one file has the masks of a whole set.

    Args:
        name: as `--mask-format` calls it.
        files: what its files are called in messages.
        suffixes: what their names end in, lower case.
        recognise: whether an open file of such a name has this form.
        read: what is drawn of the wanted label in an open file; the second part of what `locate` says picks one scan of
            several. Raises `ScanError`.
        read_set: the same for each scan of the set by its name, or why it has none. Raises `ScanError`.
        locate: from a scan's name without extension to the name of its mask's file and the part of it.
        numbered_labels: whether labels have numbers instead of names.
    """

    name: str
    files: str
    suffixes: tuple[str, ...]
    recognise: Callable[[BinaryIO], bool]
    read: Callable[[BinaryIO, MaskLabel, str], Outlines] | None = None
    read_set: Callable[[BinaryIO, MaskLabel], Mapping[str, Outlines | ScanError]] | None = None
    locate: Callable[[bytes], tuple[bytes, str]] = lambda name: (name, "")
    numbered_labels: bool = False


@dataclasses.dataclass(frozen=True)
class MaskFile:
    """Where the mask of a scan is to be found.

    Args:
        form: the name of a `MaskFormat`.
        source: the file.
        part: which of several scans in it.
        outlines: of a file for a whole set, which is read beforehand: what was drawn, or why it cannot be used.
    """

    form: str
    source: Source
    part: str = ""
    outlines: Outlines | ScanError | None = None
