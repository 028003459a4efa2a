"""Masks as they were drawn: shapes in pixels of the scan, and the pixels inside them."""

import dataclasses
import math
from collections.abc import Iterable
from typing import Protocol

import numpy as np

from tfgan_thyroid.data.scans.scan import Pixels, ScanError

MAX_POINTS = 100_000
_CIRCLE_POINTS = 256
_OVERSHOOT_PX = 1.0


class Shape(Protocol):
    """Part of a mask."""

    def fill(self, height: int, width: int) -> Pixels:
        """The pixels of the shape, uint8 `[height, width]` of values {0, 255}, in a scan of that size.

        Raises:
            ScanError: the shape cannot be of such a scan.
        """


@dataclasses.dataclass(frozen=True)
class Outlines:
    """What an annotator drew on one scan."""

    # In pixels, from the upper left corner of the upper left pixel; they add up. None at all mean that nothing was
    # found on the scan.
    shapes: tuple[Shape, ...]
    # (width, height) of the scan that was drawn on, pixels; None if the format does not say.
    size: tuple[int, int] | None = None


@dataclasses.dataclass(frozen=True)
class Polygon:
    """The pixels whose centres lie inside a polygon; where it crosses itself, the even-odd rule holds."""

    # X0, y0, x1, y1, ...; fewer than three points, which a stray click leaves, have nothing inside.
    points: tuple[float, ...]

    def fill(self, height: int, width: int) -> Pixels:
        """As `Shape.fill`: along a row, each edge that is crossed turns outside to inside or back."""
        crossed = np.zeros((height, width + 1), np.uint8)
        corners = list(zip(self.points[0::2], self.points[1::2], strict=True))
        for one, other in zip(corners, corners[1:] + corners[:1], strict=True):
            (x0, y0), (x1, y1) = sorted((one, other), key=lambda corner: corner[1])
            first, last = (min(max(math.ceil(y - 0.5), 0), height) for y in (y0, y1))
            if first >= last:
                continue
            rows = np.arange(first, last)
            x = x0 + (rows + 0.5 - y0) * ((x1 - x0) / (y1 - y0))
            crossed[rows, np.clip(np.ceil(x - 0.5), 0, width).astype(int)] ^= 255
        return np.bitwise_xor.accumulate(crossed[:, :width], axis=1)

    def check_within(self, height: int, width: int) -> None:
        """Raise `ScanError` if the polygon was drawn on a larger scan."""
        right, bottom = max(self.points[0::2]), max(self.points[1::2])
        if min(self.points) < -_OVERSHOOT_PX or right > width + _OVERSHOOT_PX or bottom > height + _OVERSHOOT_PX:
            raise ScanError("of another size", f"drawn up to ({right:.0f}, {bottom:.0f}), scan {width}x{height} pixels")


@dataclasses.dataclass(frozen=True, eq=False)
class Raster:
    """Pixels of values {0, 255} whose upper left one is the scan's pixel (left, top)."""

    pixels: Pixels
    left: int = 0
    top: int = 0

    def fill(self, height: int, width: int) -> Pixels:
        """As `Shape.fill`."""
        mask = np.zeros((height, width), np.uint8)
        part = mask[max(self.top, 0) :, max(self.left, 0) :][: self.pixels.shape[0], : self.pixels.shape[1]]
        if min(self.left, self.top) < 0 or part.shape != self.pixels.shape:
            raise ScanError("of another size", f"pixels that lie outside the scan of {width}x{height} pixels")
        part[:] = self.pixels
        return mask


def polygon(coordinates: Iterable[object]) -> Polygon:
    """A checked polygon from x0, y0, x1, y1, ..."""
    values = tuple(coordinates)
    if len(values) % 2 or len(values) > 2 * MAX_POINTS:
        raise ScanError("damaged", f"an outline of {len(values) / 2:g} points; wanted 3 to {MAX_POINTS}")
    if not all(isinstance(value, int | float) and math.isfinite(value) for value in values):
        raise ScanError("damaged", "an outline with something else than numbers")
    return Polygon(tuple(float(value) for value in values))  # type: ignore[arg-type]


def rectangle(x0: float, y0: float, x1: float, y1: float) -> Polygon:
    """The polygon of a rectangle between two opposite corners."""
    return polygon((x0, y0, x1, y0, x1, y1, x0, y1))


def circle(x: float, y: float, radius: float) -> Polygon:
    """A polygon of 256 sides around a centre, of the circle's area to 1 in 10,000."""
    angles = [2 * math.pi * index / _CIRCLE_POINTS for index in range(_CIRCLE_POINTS)]
    return polygon(value for angle in angles for value in (x + radius * math.cos(angle), y + radius * math.sin(angle)))


def draw(outlines: Outlines, height: int, width: int) -> tuple[Pixels, int]:
    """The mask `[H, W]` of values {0, 255}, and how many polygons were left out because no pixel lies inside."""
    if outlines.size is not None and outlines.size != (width, height):
        raise ScanError(
            "of another size", f"drawn on {outlines.size[0]}x{outlines.size[1]}, scan {width}x{height} pixels"
        )
    mask = np.zeros((height, width), np.uint8)
    stray = 0
    for shape in outlines.shapes:
        if isinstance(shape, Polygon) and shape.points and outlines.size is None:
            shape.check_within(height, width)
        filled = shape.fill(height, width)
        stray += isinstance(shape, Polygon) and not filled.any()
        mask |= filled
    if stray and stray == len(outlines.shapes):
        raise ScanError("damaged", f"{stray} outlines, all without a pixel inside")
    return mask, stray
