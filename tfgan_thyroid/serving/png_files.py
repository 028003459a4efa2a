"""What a client does to served PNG files: see that they are whole, write into them what they are, and place them.

No Pillow, and nothing else beyond the standard library.
"""

import struct
import zlib

OUTPUTS = ("image_bytes", "mask_bytes")
"""Of `serving_default`; the second of a paired generator alone."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_END = len(_SIGNATURE) + 4 + 4 + 13 + 4  # length, type, IHDR and its check sum


def is_whole(png: bytes) -> bool:
    """Whether every chunk of a PNG file is there and unharmed, from the first to the last."""
    if not png.startswith(_SIGNATURE):
        return False
    position = len(_SIGNATURE)
    while position + 12 <= len(png):
        (length,) = struct.unpack_from(">I", png, position)
        end = position + 12 + length
        body = png[position + 4 : end - 4]
        if end > len(png) or struct.unpack_from(">I", png, end - 4)[0] != zlib.crc32(body):
            return False
        if body.startswith(b"IEND"):
            return end == len(png)
        position = end
    return False


def with_text(png: bytes, text: dict[str, str]) -> bytes:
    """The same image with text chunks behind its header.

    Args:
        png: a whole PNG file.
        text: by keyword, both in Latin-1; keywords have 1 to 79 characters.
    """
    chunks = b"".join(
        _chunk(b"tEXt", keyword.encode("latin-1") + b"\0" + value.encode("latin-1")) for keyword, value in text.items()
    )
    return png[:_HEADER_END] + chunks + png[_HEADER_END:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
