"""Finds the scan sector on a scanner's screen: the tissue, without margins, rulers, grey bars, text and frames.

Tissue is speckle, which differs from pixel to pixel along both axes even where it looks black; what a scanner draws
around it does not: margins and bars are flat, rulers and frames change along one axis only, and text is small. So a
pixel is textured if it differs from its left and from its upper neighbour, and the sector is the largest solid area
of textured pixels. Its sides count where they are drawn, that is where texture stops at once along a straight or
evenly curved line. Where tissue fades out in black instead (a shadow, deep tissue, a poor contact), the sector goes
on to the border of the frame, or to the next mark on the way there.
"""

import numpy as np
from numpy.typing import NDArray

from tfgan_thyroid.data.scans.scan import Box, Pixels

Mask = NDArray[np.bool_]

# Cells along the longer side of a scan: fine enough to part text from tissue, coarse enough to average speckle.
_CELLS = 160
_LEAST_CELL = 2
# The share of a cell's pixels that differ from both neighbours: 0.6 to 0.95 in speckle, below 0.15 in text.
_TEXTURED = 0.25
# Text, rulers and body marks are thinner than this share of the shorter side; the sector is not.
_THINNEST = 0.05
_SMALLEST_AREA = 0.05
# Black muscle may part tissue in several areas: those count that are at least so large, compared with the largest.
_PART = 0.2
# The share of its rows that start at a side which is drawn: 0.5 to 1.0 on real scans, below 0.36 where tissue fades.
_DRAWN = 0.45
# Neighbouring pixels differ by so much in what is drawn on a screen, and hardly ever in speckle.
_DRAWN_STEP = 60
# A curve through fewer rows of cells says nothing.
_LEAST_ROWS = 8
# The share of cells with such a pixel around a cell of text: 0.4 to 0.6, and around most of tissue none.
_TEXT = 0.28


def find_sector(image: Pixels) -> Box | None:
    """The box of the scan sector in a grey scan `[H, W]`, as (left, top, right, bottom), ends excluded, pixels.

    None if no area of at least 5 % of the scan looks like tissue.
    """
    if min(image.shape) < 2 * _LEAST_CELL:
        return None
    textured, drawn = _textured(image), _drawn(image)
    size = max(_LEAST_CELL, round(max(image.shape) / _CELLS))
    share = _cell_means(textured, size)
    tissue = _solid_areas((share > _TEXTURED) & ~_text(drawn, size))
    if tissue.sum() < _SMALLEST_AREA * tissue.size:
        return None
    # Each side is looked at from the left: the scan is turned instead of the code written four times.
    views = zip(_turns(drawn), _turns(textured), _turns(share), _turns(tissue), strict=True)
    left, top, right, bottom = (_left_side(*view, size) for view in views)
    height, width = image.shape
    if left + right >= width or top + bottom >= height:
        return None
    return left, top, width - right, height - bottom


def _textured(image: Pixels) -> Mask:
    """Whether each pixel differs from its left and its upper neighbour."""
    textured = np.zeros(image.shape, bool)
    textured[1:, 1:] = (image[1:, 1:] != image[1:, :-1]) & (image[1:, 1:] != image[:-1, 1:])
    textured[0], textured[:, 0] = textured[1], textured[:, 1]
    return textured


def _drawn(image: Pixels) -> Mask:
    """Whether each pixel differs by a large step from its left neighbour, as in text and the ticks of rulers.

    Fasciae and the skin, the sharpest lines of tissue, lie across the beam and have such steps from above alone.
    """
    drawn = np.zeros(image.shape, bool)
    one, other = image[:, 1:], image[:, :-1]
    drawn[:, 1:] = np.maximum(one, other) - np.minimum(one, other) > _DRAWN_STEP
    return drawn


def _text(drawn: Mask, size: int) -> Mask:
    """Cells in the midst of many strokes: a JPEG file has texture there that looks like speckle."""
    from scipy import ndimage

    around = ndimage.uniform_filter((_cell_means(drawn, size) > 0).astype(np.float32), 7, mode="nearest")
    return around > _TEXT


def _cell_means(values: Mask, size: int) -> NDArray[np.float64]:
    """Means over cells of `size` x `size`; the last row and column of cells may reach over the border."""
    rows, columns = (np.arange(0, length, size) for length in values.shape)
    sums = np.add.reduceat(np.add.reduceat(values, columns, axis=1, dtype=np.int32), rows, axis=0)
    areas = np.outer(
        *(np.diff([*starts, length]) for starts, length in zip((rows, columns), values.shape, strict=True))
    )
    return sums / areas


def _solid_areas(cells: Mask) -> Mask:
    """The large connected areas that remain after vessels are filled in and what is thin is taken off."""
    from scipy import ndimage

    closed = ndimage.binary_closing(np.pad(cells, 2, mode="edge"), np.ones((3, 3)))[2:-2, 2:-2]
    filled = ndimage.binary_fill_holes(closed)
    thin = max(3, round(_THINNEST * min(cells.shape)))
    opened = ndimage.binary_opening(np.pad(filled, thin, mode="edge"), np.ones((thin, thin)))[thin:-thin, thin:-thin]
    labels, count = ndimage.label(opened)
    if not count:
        return opened
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    return (areas >= _PART * areas.max())[labels]


def _turns(array: np.ndarray) -> tuple[np.ndarray, ...]:
    """The array as it is seen from its left, top, right and bottom side."""
    return array, array.T, array[:, ::-1], array[::-1].T


def _left_side(drawn: Mask, textured: Mask, share: np.ndarray, tissue: Mask, size: int) -> int:
    """The first column of the sector, pixels."""
    rows = np.flatnonzero(tissue.any(axis=1))
    first = tissue[rows].argmax(axis=1)
    edge, on_edge = _straight_edge(first)
    if edge == 0:
        return 0
    pixel_rows = (rows[on_edge, None] * size + np.arange(size)).ravel()
    pixel_rows = pixel_rows[pixel_rows < len(textured)]
    column, drawn_line = _line_near(textured[pixel_rows].mean(axis=0), edge, size)
    if drawn_line and on_edge.mean() >= _DRAWN:
        return column
    curve = _even_curve(rows, first, share)
    if curve is not None:
        return curve * size
    return _last_mark(drawn, rows, column, size)


def _line_near(density: np.ndarray, edge: int, size: int) -> tuple[int, bool]:
    """Where the share of textured pixels rises near the cell `edge`, and whether it does so at once."""
    plateau = _mean(density, (edge + 2) * size, (edge + 8) * size)
    start = max((edge - 2) * size, 0)
    column = start + int(np.argmax(density[start : (edge + 3) * size] >= plateau / 2))
    beyond = _mean(density, column - 3 * size, column - size)
    within = _mean(density, column + size, column + 2 * size)
    return column, beyond < plateau / 4 and within > 0.6 * plateau


def _mean(values: np.ndarray, start: int, end: int) -> float:
    """The mean over a range that may reach over the ends; of what lies outside altogether, the nearest value."""
    start = min(max(start, 0), len(values) - 1)
    return float(values[start : max(end, start + 1)].mean())


def _straight_edge(first: np.ndarray) -> tuple[int, Mask]:
    """The outermost column where many rows start, and which rows start there, within a cell."""
    counts = np.bincount(first)
    near = np.convolve(counts, np.ones(3, int), mode="same")
    edge = int(np.flatnonzero(near >= 0.5 * near.max())[0])
    edge += int(counts[edge : edge + 2].argmax())
    return edge, np.abs(first - edge) <= 1


def _even_curve(rows: np.ndarray, first: np.ndarray, share: np.ndarray) -> int | None:
    """The least column of the side, if it is a slanted or curved line where texture stops at once; else None."""
    if len(rows) < _LEAST_ROWS:
        return None
    inside = np.median(share[rows, np.minimum(first + 6, share.shape[1] - 1)])
    if np.median(share[rows, np.minimum(first + 1, share.shape[1] - 1)]) < 0.75 * inside:
        return None
    x = np.linspace(-1.0, 1.0, len(rows))
    kept = np.ones(len(rows), bool)
    for _ in range(5):
        distance = np.abs(first - np.polyval(np.polyfit(x[kept], first[kept], 2), x))
        kept = distance <= max(1.5, float(np.median(distance)))
    on_curve = distance <= 1.5
    return int(first[on_curve].min()) if on_curve.mean() >= 0.75 else None


def _last_mark(drawn: Mask, rows: np.ndarray, column: int, size: int) -> int:
    """The column after the last mark between the border and the tissue; 0 if that strip is blank."""
    strip = drawn[rows[0] * size : (rows[-1] + 1) * size, : max(column - 2 * size, 0)]
    marked = np.flatnonzero(strip.any(axis=0))
    return int(marked[-1]) + 1 if marked.size else 0
