"""Which part of a raw scan is kept: where the tissue lies, and which shape of it."""

import dataclasses
from typing import NamedTuple

from tfgan_thyroid.data.crops.sector import find_sector
from tfgan_thyroid.data.scans.scan import Box, Scan, ScanError
from tfgan_thyroid.errors import UserError

SHAPES = ("right-square", "center-square", "none")
SECTORS = ("auto", "dicom-region")

_WANTED = (
    f"give {', '.join([*SHAPES, *SECTORS])}, one of the last two with one of the first three behind a colon "
    "(auto:none), or LEFT,TOP,WIDTH,HEIGHT in pixels"
)


@dataclasses.dataclass(frozen=True)
class CropPolicy:
    """A policy as `parse_crop` reads it."""

    sector: str | None  # who says where the tissue lies: `auto`, `dicom-region`, or None for the whole frame
    shape: str  # one of `SHAPES`, taken of the sector
    box: tuple[int, int, int, int] | None = None  # (left, top, width, height) instead of both


class Crop(NamedTuple):
    """Two boxes of a raw scan, as (left, top, right, bottom), ends excluded, pixels."""

    sector: Box  # where the tissue lies; the whole frame, if the policy does not look for it
    kept: Box  # what the policy keeps of it


def parse_crop(text: str) -> CropPolicy:
    """The policy that `text` spells out: `SHAPE`, `SECTOR`, `SECTOR:SHAPE` or `LEFT,TOP,WIDTH,HEIGHT`.

    A sector without a shape is cropped to its `center-square`.
    """
    if text in SHAPES:
        return CropPolicy(None, text)
    sector, colon, shape = text.partition(":")
    if sector in SECTORS and (shape in SHAPES if colon else True):
        return CropPolicy(sector, shape or "center-square")
    try:
        left, top, width, height = (int(part) for part in text.split(","))
    except ValueError:
        left = top = width = height = -1
    if min(left, top) < 0 or min(width, height) < 1:
        raise UserError(f"crop {text!r} is not known: {_WANTED}")
    return CropPolicy(None, "none", (left, top, width, height))


def find_crop(policy: str, scan: Scan) -> Crop:
    """Where the tissue of `scan` lies and which part of it `policy` keeps.

    Args:
        policy: `right-square`, the largest square flush with the right edge (the paper's: of 875x1167 pixels it keeps
            columns 292 to 1166, without the scanner's ruler at the left); `center-square`, the largest square in the
            middle; `none`, all of it, which a later resize distorts unless it is square; `LEFT,TOP,WIDTH,HEIGHT`;
            `auto` or `dicom-region`, the sector that `find_sector` sees or that the DICOM file states, and of it a
            shape, as in `auto:right-square`. A square in a box higher than wide is centred vertically.
        scan: the raw scan.

    Raises:
        UserError: the policy is not known.
        ScanError: the policy does not fit this scan: no sector is stated or seen, or the box reaches over the frame.
    """
    parsed = parse_crop(policy)
    height, width = scan.pixels.shape
    if parsed.box is not None:
        left, top, box_width, box_height = parsed.box
        if left + box_width > width or top + box_height > height:
            raise ScanError("too small", f"crop {policy} (LEFT,TOP,WIDTH,HEIGHT) reaches over {width}x{height} pixels")
        return Crop((0, 0, width, height), (left, top, left + box_width, top + box_height))
    sector = _sector(parsed.sector, scan)
    return Crop(sector, _shape(parsed.shape, sector))


def _sector(source: str | None, scan: Scan) -> Box:
    if source == "dicom-region":
        if scan.region is None:
            raise ScanError("no region", "the file states no ultrasound region: use --crop auto or another policy")
        return scan.region
    if source == "auto":
        sector = find_sector(scan.pixels)
        if sector is None:
            raise ScanError("no sector", "no area that looks like tissue: flat, or text and drawings only")
        return sector
    height, width = scan.pixels.shape
    return 0, 0, width, height


def _shape(shape: str, box: Box) -> Box:
    left, top, right, bottom = box
    if shape == "none":
        return box
    side = min(bottom - top, right - left)
    left = right - side if shape == "right-square" else left + (right - left - side) // 2
    top += (bottom - top - side) // 2
    return left, top, left + side, top + side
