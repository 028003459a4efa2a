"""LabelMe JSON: one file a scan, beside it or in a folder of its own (https://github.com/wkentaro/labelme)."""

import base64
import io
import math
from typing import Any, BinaryIO

from tfgan_thyroid.data.masks.images import read_mask_image
from tfgan_thyroid.data.masks.json_files import SCAN_BYTES, has_lists, read_json
from tfgan_thyroid.data.masks.labels import MaskLabel
from tfgan_thyroid.data.masks.mask_format import MaskFormat
from tfgan_thyroid.data.masks.outlines import Outlines, Raster, Shape, circle, polygon, rectangle
from tfgan_thyroid.data.scans.scan import ScanError


def read_labelme(file: BinaryIO, label: MaskLabel, part: str = "") -> Outlines:
    """The polygons, rectangles, circles and pixel masks of one label. No shapes at all mean an empty mask."""
    del part  # a file has one scan
    document = read_json(file, SCAN_BYTES)
    shapes = document.get("shapes")
    if not isinstance(shapes, list) or not all(isinstance(shape, dict) for shape in shapes):
        raise ScanError("damaged", "JSON without the 'shapes' of LabelMe")
    chosen = label.choose({str(shape.get("label")) for shape in shapes})
    wanted = [shape for shape in shapes if chosen is not None and str(shape.get("label")) == chosen]
    width, height = document.get("imageWidth"), document.get("imageHeight")
    size = (width, height) if isinstance(width, int) and isinstance(height, int) else None
    return Outlines(tuple(_shape(shape) for shape in wanted), size)


def _shape(shape: dict[str, Any]) -> Shape:
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
    if kind == "mask" and len(points) == 2:
        return _raster(shape, *points)
    raise ScanError("unsupported", f"a LabelMe shape {str(kind)[:20]!r} has no area: draw polygons")


def _raster(shape: dict[str, Any], first: tuple[float, float], last: tuple[float, float]) -> Raster:
    """A mask of the AI tools: a PNG whose first and last pixel lie at the two points."""
    try:
        content = base64.b64decode(shape["mask"], validate=True)
        (left, top), (right, bottom) = map(int, first), map(int, last)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise ScanError("damaged", "a pixel mask without an image or a place") from None
    pixels = read_mask_image(io.BytesIO(content), MaskLabel())
    if pixels.shape != (bottom - top + 1, right - left + 1):
        raise ScanError("damaged", f"a pixel mask of {pixels.shape[1]}x{pixels.shape[0]} pixels in a box of other size")
    return Raster(pixels, left, top)


LABELME = MaskFormat("labelme", "LabelMe JSON", (".json",), lambda file: has_lists(file, "shapes"), read_labelme)
