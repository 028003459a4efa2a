"""JSON of annotation tools, read within bounds."""

import json
from typing import Any, BinaryIO

from tfgan_thyroid.data.scan import ScanError

MAX_BYTES = 2**29


def read_json(file: BinaryIO) -> dict[str, Any]:
    """The object in an open JSON file.

    Raises:
        ScanError: too large, truncated, not JSON, or JSON of something else than an object.
    """
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ScanError("damaged", f"more than {MAX_BYTES} bytes of JSON")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise ScanError("damaged", "no valid JSON") from None
    if not isinstance(document, dict):
        raise ScanError("damaged", "JSON, but not of a known annotation tool")
    return document
