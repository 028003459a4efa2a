"""A picture of how scans were cropped: the whole scan, the box that is kept, and what was taken for burned in."""

import hashlib
import io
from collections.abc import Sequence

import numpy as np

from pipeline.preprocessing.settings import PreprocessSettings
from pipeline.preprocessing.sheets.labels import SHEET_COMPRESSION, draw_label
from tfgan_thyroid.data.crops.overlays import Mask
from tfgan_thyroid.data.crops.policies import Crop
from tfgan_thyroid.data.records import schema
from tfgan_thyroid.data.scans.scan import Pixels

# How many scans are shown, and how many thumbnails are set aside for them, as some scans are refused.
SHOWN = 64
SET_ASIDE = 128

_COLUMNS = 8
_TILE = (192, 144)
_SECTOR = (64, 160, 255)
_KEPT = (255, 176, 0)
_INPAINTED = (255, 0, 160)


def sheet_rank(name: bytes) -> float:
    """A number from 0 to 1 that depends on the name alone: the scans of the least ranks are shown."""
    return int.from_bytes(hashlib.sha256(b"crop sheet\0" + name).digest()[:8], "big") / 2**64


def draw_thumbnail(pixels: Pixels, crop: Crop, inpainted: Mask | None) -> bytes:
    """The whole scan as a small RGB PNG, with the sector (blue), what is kept (amber), what was filled in (pink).

    Args:
        pixels: grey levels of the raw scan `[H, W]`.
        crop: where the policy saw the sector, and what it keeps of it.
        inpainted: which pixels of the kept part were filled in; None if they were not looked for.
    """
    from PIL import Image, ImageDraw

    height, width = pixels.shape
    scale = min(_TILE[0] / width, _TILE[1] / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    image = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0).convert("RGB")
    if inpainted is not None:
        rows, columns = np.nonzero(inpainted)
        left, top = crop.kept[:2]
        places = {
            (min(int(x), size[0] - 1), min(int(y), size[1] - 1))
            for x, y in zip((columns + left) * scale, (rows + top) * scale, strict=True)
        }
        for place in places:
            image.putpixel(place, _INPAINTED)
    draw = ImageDraw.Draw(image)
    for box, colour in ((crop.sector, _SECTOR), (crop.kept, _KEPT)):
        left, top, right, bottom = (round(edge * scale) for edge in box)
        draw.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), outline=colour)
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()


def write_crop_sheet(thumbnails: Sequence[tuple[bytes, bytes]], settings: PreprocessSettings) -> None:
    """Draw `crop_sheet.png` of (name, thumbnail) into the staging folder; nothing, if there are none."""
    from PIL import Image

    if not thumbnails:
        return
    width, height = _TILE
    rows = -(-len(thumbnails) // _COLUMNS)
    sheet = Image.new("RGB", (_COLUMNS * width, rows * height))
    for index, (name, thumbnail) in enumerate(thumbnails):
        row, column = divmod(index, _COLUMNS)
        with Image.open(io.BytesIO(thumbnail)) as tile:
            sheet.paste(tile, (column * width, row * height))
        if settings.sheet_names:
            draw_label(sheet, (column * width, (row + 1) * height), width, name)
    sheet.save(settings.staging / schema.CROP_SHEET_FILE, compress_level=SHEET_COMPRESSION)
