"""What the two sheets of pictures share: names under the tiles, for those who ask for them, and how they are saved."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

# Of zlib: a third of the time of its usual 6, while the other workers are idle, and no larger on speckle.
SHEET_COMPRESSION = 3

_COLOUR = (255, 255, 255)
_SHADOW = (0, 0, 0)
_SIZE = 10


def draw_label(sheet: "Image.Image", corner: tuple[int, int], width: int, name: bytes) -> None:
    """Write the end of a name at the foot of a tile; what is no printable ASCII appears as an escape."""
    from PIL import ImageDraw, ImageFont

    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(_SIZE)
    text = ascii(os.fsdecode(name))[1:-1]
    while len(text) > 1 and draw.textlength(text, font=font) > width - 4:
        text = text[1:]  # names mostly differ at their ends
    left, bottom = corner
    draw.text((left + 2, bottom - _SIZE - 3), text, _COLOUR, font, stroke_width=1, stroke_fill=_SHADOW)
