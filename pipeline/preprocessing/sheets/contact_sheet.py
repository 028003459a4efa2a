"""A picture of the data set: a band of tiles for each split, masks outlined; no names unless they are asked for."""

import io
from collections.abc import Sequence

import numpy as np

from pipeline.preprocessing.prepare.prepared_scan import PreparedScan, read_spilled
from pipeline.preprocessing.settings import PreprocessSettings
from pipeline.preprocessing.sheets.labels import SHEET_COMPRESSION, draw_label
from tfgan_thyroid.data.records import schema
from tfgan_thyroid.data.scans.files import Pixels

_COLUMNS = 8
_TILE = 128
_HEADING = 16
_OUTLINE = (255, 176, 0)


def write_contact_sheet(sample: Sequence[tuple[str, PreparedScan]], settings: PreprocessSettings) -> None:
    """Draw the sampled scans as `contact_sheet.png` in the staging folder; nothing, if there are none."""
    from PIL import Image, ImageDraw

    bands = {
        split: sorted((s for name, s in sample if name == split), key=lambda s: s.digest) for split in schema.SPLITS
    }
    bands = {split: scans for split, scans in bands.items() if scans}
    if not bands:
        return
    heights = [_HEADING + _TILE * -(-len(scans) // _COLUMNS) for scans in bands.values()]
    sheet = Image.new("RGB", (_COLUMNS * _TILE, sum(heights)))
    draw = ImageDraw.Draw(sheet)
    top = 0
    for (split, scans), height in zip(bands.items(), heights, strict=True):
        draw.text((4, top + 2), split, fill=_OUTLINE)
        for index, scan in enumerate(scans):
            row, column = divmod(index, _COLUMNS)
            image_png, mask_png, _ = read_spilled(scan, settings)
            corner = column * _TILE, top + _HEADING + row * _TILE
            sheet.paste(Image.fromarray(_tile(image_png, mask_png)), corner)
            if settings.sheet_names:
                draw_label(sheet, (corner[0], corner[1] + _TILE), _TILE, scan.name)
        top += height
    sheet.save(settings.staging / schema.CONTACT_SHEET_FILE, compress_level=SHEET_COMPRESSION)


def _tile(image_png: bytes, mask_png: bytes | None) -> Pixels:
    """One scan at the tile's size, RGB `[128, 128, 3]`, with the outline of its mask."""
    from PIL import Image

    image = Image.open(io.BytesIO(image_png)).resize((_TILE, _TILE), Image.Resampling.LANCZOS)
    tile = np.array(image.convert("RGB"))
    if mask_png is not None:
        mask = np.asarray(Image.open(io.BytesIO(mask_png)).resize((_TILE, _TILE), Image.Resampling.NEAREST)) > 0
        inside = np.pad(mask, 1, mode="edge")
        inner = inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]
        tile[mask & ~inner] = _OUTLINE
    return tile
