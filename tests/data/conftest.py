"""Scanner screens with a known sector: a phantom's tissue among what vendors draw around it."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tfgan_thyroid.phantoms.phantom import PhantomConfig, simulate_scan


def tissue(patient, height=270, width=300):
    """A phantom without its margin, uint8 `[height, width]`."""
    return simulate_scan(5, patient, 1, PhantomConfig(height_px=height, width_px=width, sector_left_px=0)).image


def place(sector, margins, ground=0):
    """The sector on a flat screen with (left, top, right, bottom) margins; returns the drawing too and the box."""
    height, width = sector.shape
    left, top, right, bottom = margins
    screen = Image.new("L", (left + width + right, top + height + bottom), ground)
    screen.paste(Image.fromarray(sector), (left, top))
    return screen, ImageDraw.Draw(screen), (left, top, left + width, top + height)


def unit(sector, share):
    return max(1, round(share * sector.shape[0]))


def paragraph(draw, x, y, size, lines, fill=200):
    for row in range(lines):
        draw.text((x, y + 1.4 * size * row), "Thyroid Lt 12L4 MI 0.9 TIS 0.2 2DG 61"[row % 7 :][:14], fill, _font(size))


def _font(size):
    return ImageFont.load_default(size)


def whole_frame(sector, rng):
    return np.asarray(sector), (0, 0, sector.shape[1], sector.shape[0])


def dark_margins(sector, rng):
    screen, _, box = place(sector, [unit(sector, s) for s in rng.uniform(0.03, 0.3, 4)])
    return np.asarray(screen), box


def header_and_footer(sector, rng):
    bar = unit(sector, 0.1)
    screen, draw, box = place(sector, (unit(sector, 0.1), bar, unit(sector, 0.05), bar))
    for top in (0, screen.height - bar):
        draw.rectangle((0, top, screen.width, top + bar - 1), fill=70)
        draw.text((8, top + 4), "SIMULATED  PHANTOM  GENERAL HOSPITAL", 230, _font(unit(sector, 0.05)))
    return np.asarray(screen), box


def depth_ruler(sector, rng):
    screen, draw, box = place(sector, (4, 0, unit(sector, 0.15), 0))
    x = box[2] + 3
    draw.line((x, 0, x, screen.height), fill=180)
    for tick in range(9):
        y = tick * screen.height // 9
        draw.line((x, y, x + 5 + 5 * (tick % 2 == 0), y), fill=180)
        draw.text((x + 12, y), str(tick), 180, _font(unit(sector, 0.04)))
    return np.asarray(screen), box


def text_columns(sector, rng):
    margin = unit(sector, 0.5)
    screen, draw, box = place(sector, (margin, 0, margin, 0))
    size = unit(sector, 0.045)
    paragraph(draw, 6, size, size, 12)
    paragraph(draw, box[2] + 12, size, size, 6)
    return np.asarray(screen), box


def grey_desk_with_frame(sector, rng):
    screen, draw, box = place(sector, [unit(sector, s) for s in (0.2, 0.1, 0.1, 0.15)], ground=45)
    draw.rectangle((box[0] - 4, box[1] - 4, box[2] + 3, box[3] + 3), outline=220, width=2)
    draw.rectangle((box[0] - 2, box[1] - 2, box[2] + 1, box[3] + 1), outline=0, width=2)
    draw.rectangle((3, 3, unit(sector, 0.15), unit(sector, 0.15)), fill=210)
    return np.asarray(screen), box


def grey_wedge_and_icons(sector, rng):
    screen, draw, box = place(sector, [unit(sector, s) for s in (0.25, 0.04, 0.04, 0.12)])
    rows = unit(sector, 0.6)
    wedge = np.tile(np.linspace(255, 0, rows).astype(np.uint8)[:, None], (1, unit(sector, 0.05)))
    screen.paste(Image.fromarray(wedge), (box[0] - unit(sector, 0.09), unit(sector, 0.1)))
    draw.ellipse((5, 5, unit(sector, 0.12), unit(sector, 0.12)), outline=230, width=2)
    draw.arc((8, box[3] + 2, 40, screen.height - 2), 20, 300, fill=230, width=2)
    return np.asarray(screen), box


def fan(sector, rng):
    """A convex probe's sector: the tissue within two slanted sides and an arc; the box is the fan's."""
    height, width = sector.shape
    y, x = np.mgrid[:height, :width]
    apex_y, slope = -0.9 * height, 0.5 * width / (1.9 * height)
    radius = np.hypot(x - (width - 1) / 2, y - apex_y)
    inside = (np.abs(x - (width - 1) / 2) <= slope * (y - apex_y)) & (radius < 1.9 * height) & (radius > 0.95 * height)
    cut = np.where(inside, sector, 0).astype(np.uint8)
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    screen, draw, box = place(cut, [unit(sector, 0.1)] * 4)
    paragraph(draw, 4, 4, unit(sector, 0.04), 4)
    left, top = box[:2]
    return np.asarray(screen), (left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1)


def jpeg(sector, rng):
    """Text columns and a ruler, as a JPEG file keeps them."""
    margin = unit(sector, 0.3)
    screen, draw, box = place(sector, (margin, unit(sector, 0.05), margin, unit(sector, 0.05)))
    paragraph(draw, 6, 10, unit(sector, 0.045), 8)
    for tick in range(12):
        y = box[1] + tick * sector.shape[0] // 12
        draw.line((box[2] + 8, y, box[2] + 14, y), fill=200)
    file = io.BytesIO()
    screen.save(file, "JPEG", quality=75)
    return np.asarray(Image.open(file)), box


KINDS = {
    function.__name__: function
    for function in (
        whole_frame,
        dark_margins,
        header_and_footer,
        depth_ruler,
        text_columns,
        grey_desk_with_frame,
        grey_wedge_and_icons,
        fan,
        jpeg,
    )
}


def overlap(one, other):
    """Intersection over union of two boxes (left, top, right, bottom)."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(width, 0) * max(height, 0)
    areas = sum((right - left) * (bottom - top) for left, top, right, bottom in (one, other))
    return common / (areas - common)


@pytest.fixture(scope="session")
def screens():
    """What this file draws, for tests that look for the sector or for what is burned in."""
    return SimpleNamespace(KINDS=KINDS, tissue=tissue, place=place, paragraph=paragraph, overlap=overlap)
