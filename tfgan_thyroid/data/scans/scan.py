"""A decoded scan, and the error that says why a file gives none."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Box = tuple[int, int, int, int]

MAX_PIXELS = 2**26
MAX_FILE_BYTES = 2**28  # of an image, in a file or unpacked: four bytes for each of so many pixels
WHITE_LEVEL = 65535


class ScanError(ValueError):
    """Why a file cannot be used: `reason` from a short list, `detail` in words."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


@dataclasses.dataclass(frozen=True, eq=False)
class Scan:
    """A scan as it is meant to be looked at."""

    pixels: Pixels  # grey levels, uint8 `[H, W]`
    # Where the scanner says that the tissue lies, as (left, top, right, bottom), ends excluded, pixels of the scan;
    # None if the file does not say. DICOM alone does.
    region: Box | None = None
    group: str | None = None  # stands for the patient that the file itself names, as a hash; None if it names none
    frame: int | None = None  # which frame of its file this is, from 1; None where the file holds one
    colour: Pixels | None = None  # the same in RGB, uint8 `[H, W, 3]`, if the file has colour and it was asked for


@dataclasses.dataclass(frozen=True)
class LostFrame:
    """A frame of a clip that cannot be used; the others are not touched by it."""

    frame: int  # which one, from 1
    error: ScanError  # why
