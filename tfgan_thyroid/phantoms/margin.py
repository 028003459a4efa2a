"""The dark margin at the left that scanners write on: text, a grey wedge and a depth ruler.

The paper's crop removes it, so none of it may reach the image sector.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tfgan_thyroid.phantoms.config import PhantomConfig

# Scanners write below white, so that text does not outshine tissue.
_TEXT_GREY = 190
_TICK_GREY = 150


def draw_margin(config: PhantomConfig, pixel_mm: float, gain_db: float) -> NDArray[np.uint8]:
    """The margin, uint8 `[height_px, sector_left_px]`."""
    width, height = config.sector_left_px, config.height_px
    margin = Image.new("L", (width, height), 0)
    if width < 40:  # no room for a line of text
        return np.asarray(margin)
    draw = ImageDraw.Draw(margin)
    _draw_ruler(draw, width, height, pixel_mm)
    _draw_wedge(draw, width, height)
    lines = (
        "SIMULATED PHANTOM",
        "Thyroid  Tr",
        "",
        f"L {config.frequency_mhz:.0f} MHz",
        f"Gn {50 + gain_db:.0f}",
        f"DR {config.dynamic_range_db:.0f} dB",
        f"D {height * pixel_mm / 10.0:.1f} cm",
        f"Looks {config.compound_looks}",
    )
    size = max(round(height / 46), 8)
    font = ImageFont.load_default(size)
    for row, line in enumerate(lines):
        draw.text((size, (2 + row) * 1.5 * size), line, fill=_TEXT_GREY, font=font)
    return np.asarray(margin)


def _draw_ruler(draw: ImageDraw.ImageDraw, width: int, height: int, pixel_mm: float) -> None:
    """A tick every 5 mm, longer every centimetre."""
    ticks = int(height * pixel_mm / 5.0)
    for tick in range(ticks + 1):
        row = round(5.0 * tick / pixel_mm)
        length = 14 if tick % 2 == 0 else 7
        draw.line((width - 6 - length, row, width - 6, row), fill=_TICK_GREY)


def _draw_wedge(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
    """The scanner's grey scale, white at its top."""
    left, top, rows = width - 64, height // 10, height // 4
    for row in range(rows):
        draw.line((left, top + row, left + 12, top + row), fill=round(255 * (1 - row / (rows - 1))))
