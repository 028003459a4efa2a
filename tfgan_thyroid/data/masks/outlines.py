"""Masks drawn as outlines: polygons in pixels of the scan, and the pixels inside them."""

import dataclasses
import math
from collections.abc import Iterable, Sequence

import numpy as np

from tfgan_thyroid.data.scans.scan import Pixels, ScanError

MAX_POINTS = 100_000
_CIRCLE_POINTS = 256
_OVERSHOOT_PX = 1.0

Polygon = tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Outlines:
    """What an annotator drew on one scan.

    Args:
        polygons: each as x0, y0, x1, y1, ... in pixels, from the upper left corner of the upper left pixel. None at
            all means that nothing was found on the scan.
        size: (width, height) of the scan that was drawn on, pixels; None if the format does not say.
    """

    polygons: tuple[Polygon, ...]
    size: tuple[int, int] | None = None


def polygon(coordinates: Iterable[object]) -> Polygon:
    """A checked polygon from x0, y0, x1, y1, ...

    Raises:
        ScanError: fewer than three points, too many, or something else than numbers.
    """
    values = tuple(coordinates)
    if len(values) % 2 or not 6 <= len(values) <= 2 * MAX_POINTS:
        raise ScanError("damaged", f"an outline of {len(values) / 2:g} points; wanted 3 to {MAX_POINTS}")
    if not all(isinstance(value, int | float) and math.isfinite(value) for value in values):
        raise ScanError("damaged", "an outline with something else than numbers")
    return tuple(float(value) for value in values)  # type: ignore[arg-type]


def rectangle(x0: float, y0: float, x1: float, y1: float) -> Polygon:
    """The polygon of a rectangle between two opposite corners."""
    return polygon((x0, y0, x1, y0, x1, y1, x0, y1))


def circle(x: float, y: float, radius: float) -> Polygon:
    """A polygon of 256 sides around a centre, of the circle's area to 1 in 10,000."""
    angles = [2 * math.pi * index / _CIRCLE_POINTS for index in range(_CIRCLE_POINTS)]
    return polygon(value for angle in angles for value in (x + radius * math.cos(angle), y + radius * math.sin(angle)))


def draw(outlines: Outlines, height: int, width: int) -> Pixels:
    """The mask `[H, W]` of values {0, 255}: the pixels whose centres lie inside a polygon.

    Where a polygon crosses itself, the even-odd rule holds; several polygons add up.

    Raises:
        ScanError: drawn on a scan of another size, as it says itself or as its points show.
    """
    if outlines.size is not None and outlines.size != (width, height):
        raise ScanError(
            "of another size", f"drawn on {outlines.size[0]}x{outlines.size[1]}, scan {width}x{height} pixels"
        )
    mask = np.zeros((height, width), np.uint8)
    for points in outlines.polygons:
        if outlines.size is None:
            _check_within(points, height, width)
        mask |= _fill(points, height, width)
    return mask


def _check_within(points: Polygon, height: int, width: int) -> None:
    right, bottom = max(points[0::2]), max(points[1::2])
    if min(points) < -_OVERSHOOT_PX or right > width + _OVERSHOOT_PX or bottom > height + _OVERSHOOT_PX:
        raise ScanError("of another size", f"drawn up to ({right:.0f}, {bottom:.0f}), scan {width}x{height} pixels")


def _fill(points: Sequence[float], height: int, width: int) -> Pixels:
    """Pixels inside one polygon: along a row, each edge that is crossed turns outside to inside or back."""
    crossed = np.zeros((height, width + 1), np.uint8)
    corners = list(zip(points[0::2], points[1::2], strict=True))
    for one, other in zip(corners, corners[1:] + corners[:1], strict=True):
        (x0, y0), (x1, y1) = sorted((one, other), key=lambda corner: corner[1])
        first, last = (min(max(math.ceil(y - 0.5), 0), height) for y in (y0, y1))
        if first >= last:
            continue
        rows = np.arange(first, last)
        x = x0 + (rows + 0.5 - y0) * ((x1 - x0) / (y1 - y0))
        crossed[rows, np.clip(np.ceil(x - 0.5), 0, width).astype(int)] ^= 255
    return np.bitwise_xor.accumulate(crossed[:, :width], axis=1)
