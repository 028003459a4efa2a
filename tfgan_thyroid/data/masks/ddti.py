"""XML of the DDTI thyroid set: one file a case, with polygons for each of its images.

The set (Pedraza et al., "An open access thyroid ultrasound image database", SIPAIM 2015) names images CASE_NUMBER.jpg
and describes them in CASE.xml: a `mark` for each outlined image, with the image's number and, as text within `svg`, a
JSON list of regions with their points.
"""

import json
import re
import xml.etree.ElementTree as ElementTree
from typing import BinaryIO

from tfgan_thyroid.data.masks.labels import MaskLabel
from tfgan_thyroid.data.masks.mask_format import MaskFormat
from tfgan_thyroid.data.masks.outlines import Outlines, Polygon, polygon
from tfgan_thyroid.data.scans.scan import ScanError

MAX_BYTES = 2**26
_CASE_IMAGE = re.compile(rb"(.+)_(\d{1,6})")


def read_ddti(file: BinaryIO, label: MaskLabel, image: str) -> Outlines:
    """The outlines of one image of a case."""
    del label
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ScanError("damaged", f"more than {MAX_BYTES} bytes of XML")
    try:
        case = ElementTree.fromstring(content, ElementTree.XMLParser(target=_WithoutDoctype()))
    except ScanError:
        raise
    except (ElementTree.ParseError, LookupError, ValueError):  # the latter two of an encoding that nobody knows
        raise ScanError("damaged", "no valid XML") from None
    marks = [mark for mark in case.iter("mark") if (mark.findtext("image") or "").strip() == image]
    polygons = tuple(points for mark in marks for points in _polygons(mark.findtext("svg") or ""))
    if not polygons:
        raise ScanError("missing", f"nothing is outlined on image {image} of the case")
    return Outlines(polygons)


def _polygons(text: str) -> list[Polygon]:
    if not text.strip():
        return []
    try:
        regions = json.loads(text)
        listed = [[value for point in region["points"] for value in (point["x"], point["y"])] for region in regions]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ScanError("damaged", "an svg element without the points of DDTI") from None
    return [polygon(values) for values in listed]


class _WithoutDoctype(ElementTree.TreeBuilder):
    """Refuses a document type, and with it entities that could unfold without end."""

    def doctype(self, name: str, public_id: str | None, system: str | None) -> None:
        raise ScanError("damaged", "XML with a document type, which DDTI files do not have")


def locate(name: bytes) -> tuple[bytes, str]:
    """Case and image of a scan's name: `12_1` is image 1 of the case that `12.xml` describes."""
    match = _CASE_IMAGE.fullmatch(name)
    return (name, "") if match is None else (match[1], str(int(match[2])))


DDTI = MaskFormat("ddti", "DDTI XML", (".xml",), lambda file: True, read_ddti, locate=locate)
