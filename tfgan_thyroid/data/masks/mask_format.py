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
    """A form of masks: give `read`, or `read_set` if one file has the masks of a whole set."""

    name: str  # as `--mask-format` calls it
    files: str  # what its files are called in messages
    suffixes: tuple[str, ...]  # what their names end in, lower case
    recognise: Callable[[BinaryIO], bool]  # whether an open file of such a name has this form
    # What is drawn of the wanted label in an open file; the second part of what `locate` says picks one scan of
    # several. Raises `ScanError`.
    read: Callable[[BinaryIO, MaskLabel, str], Outlines] | None = None
    # The same for each scan of the set by its name, or why it has none. Raises `ScanError`.
    read_set: Callable[[BinaryIO, MaskLabel], Mapping[str, Outlines | ScanError]] | None = None
    # From a scan's name without extension to the name of its mask's file and the part of it.
    locate: Callable[[bytes], tuple[bytes, str]] = lambda name: (name, "")
    numbered_labels: bool = False  # whether labels have numbers instead of names


@dataclasses.dataclass(frozen=True)
class MaskFile:
    """Where the mask of a scan is to be found."""

    form: str  # the name of a `MaskFormat`
    source: Source  # the file
    part: str = ""  # which of several scans in it
    # Of a file for a whole set, which is read beforehand: what was drawn, or why it cannot be used.
    outlines: Outlines | ScanError | None = None
