"""JSON of annotation tools, read within bounds."""

import json
from typing import Any, BinaryIO

from tfgan_thyroid.data.scans.scan import ScanError

SET_BYTES = 2**29
SCAN_BYTES = 2**26


def read_json(file: BinaryIO, most: int) -> dict[str, Any]:
    """The object in an open JSON file of at most so many bytes: `SET_BYTES` of a whole set, `SCAN_BYTES` of a scan."""
    content = file.read(most + 1)
    if len(content) > most:
        raise ScanError("damaged", f"more than {most} bytes of JSON")
    try:
        document = json.loads(content)
    except UnicodeDecodeError:  # which of the national encodings it is, the bytes do not say
        raise ScanError(
            "of an unknown encoding", "text that is not UTF-8, as from older LabelMe on Windows: save it as UTF-8"
        ) from None
    except (ValueError, RecursionError):
        raise ScanError("damaged", "no valid JSON") from None
    if not isinstance(document, dict):
        raise ScanError("damaged", "JSON, but not of a known annotation tool")
    return document


def has_lists(file: BinaryIO, *keys: str) -> bool:
    """Whether an open file is JSON of an object with these lists."""
    try:
        document = read_json(file, SET_BYTES)
    except ScanError:
        return False
    return all(isinstance(document.get(key), list) for key in keys)
