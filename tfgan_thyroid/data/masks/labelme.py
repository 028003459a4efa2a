"""LabelMe JSON: one file a scan, beside it or in a folder of its own (https://github.com/wkentaro/labelme)."""

import math
from typing import Any, BinaryIO

from tfgan_thyroid.data.masks.json_files import SCAN_BYTES, read_json
from tfgan_thyroid.data.masks.labels import MaskLabel
from tfgan_thyroid.data.masks.outlines import Outlines, Polygon, circle, polygon, rectangle
from tfgan_thyroid.data.scans.scan import ScanError


def read_labelme(file: BinaryIO, label: MaskLabel) -> Outlines:
    """The polygons, rectangles and circles of one label. No shapes at all mean an empty mask.

    Raises:
        ScanError: not a LabelMe file, a shape without an area, or a label that is not there.
    """
    document = read_json(file, SCAN_BYTES)
    shapes = document.get("shapes")
    if not isinstance(shapes, list) or not all(isinstance(shape, dict) for shape in shapes):
        raise ScanError("damaged", "JSON without the 'shapes' of LabelMe")
    chosen = label.choose({str(shape.get("label")) for shape in shapes})
    wanted = [shape for shape in shapes if chosen is not None and str(shape.get("label")) == chosen]
    width, height = document.get("imageWidth"), document.get("imageHeight")
    size = (width, height) if isinstance(width, int) and isinstance(height, int) else None
    return Outlines(tuple(_polygon(shape) for shape in wanted), size)


def _polygon(shape: dict[str, Any]) -> Polygon:
    kind = shape.get("shape_type", "polygon")
    try:
        points = [(float(x), float(y)) for x, y in shape["points"]]
    except (KeyError, TypeError, ValueError, OverflowError):
        raise ScanError("damaged", "a shape without points") from None
    if kind == "polygon":
        return polygon(value for point in points for value in point)
    if kind == "rectangle" and len(points) == 2:
        return rectangle(*points[0], *points[1])
    if kind == "rectangle":  # newer versions store all corners
        return polygon(value for point in points for value in point)
    if kind == "circle" and len(points) == 2:
        return circle(*points[0], math.dist(*points))
    raise ScanError("unsupported", f"a LabelMe shape {str(kind)[:20]!r} has no area: draw polygons")
