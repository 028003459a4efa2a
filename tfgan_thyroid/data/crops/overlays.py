"""Finds what is burned in over tissue, calipers and text, by its colour or its strokes, and fills it in.

Colour: a scan is grey, or of one tint for each grey level; a small spot of another colour is drawn. Strokes: a caliper
or a letter has a part that runs along the beam, thin and much brighter than what lies at both of its sides, with a
step of its brightness between two pixels. Tissue has no such lines: a scanner blurs across the beam, so that its bright
thin lines, skin and fasciae, run across. What such a part touches, of the same brightness and as thin, belongs to it.
"""

import numpy as np
from numpy.typing import NDArray

from tfgan_thyroid.data.scans.scan import Pixels

Mask = NDArray[np.bool_]

# Strokes are at most so wide, as a share of the scan's height: 4 pixels of 500, 7 of 875.
_STROKE = 1 / 125
_LEAST_STROKE = 3
# How much brighter a stroke is than its sides, and what it is at least: scanners draw in light grey or white.
_CONTRAST = 60
_LEAST_LEVEL = 140
# How many pixels high the part along the beam is at least; half a caliper, since its cross bar divides it.
_HEIGHT = 5
# Levels within a stroke; JPEG blurs them.
_SAME_LEVEL = 50
# How far a colour lies from the scan's own tint, in levels of a channel's difference to green.
_COLOURED = 48
_FAINTLY_COLOURED = 20
# A shade of grey that is rarer says nothing about the tint.
_COMMON = 0.01
# Colour over more than this share of the sector is a flow image, not a caliper.
FLOW = 0.03


def find_overlays(pixels: Pixels, colour: Pixels | None = None) -> Mask:
    """Which pixels of a cropped scan `[H, W]` are burned in, bool `[H, W]`, with a rim of one pixel.

    Args:
        pixels: grey levels of the tissue, without the margins around it, where everything is drawn.
        colour: the same in RGB, `[H, W, 3]`, if the file has colour.
    """
    from scipy import ndimage

    drawn = _strokes(pixels)
    if colour is not None:
        drawn |= _coloured(pixels, colour)
    return ndimage.binary_dilation(drawn, np.ones((3, 3)))


def fill_in(pixels: Pixels, mask: Mask) -> Pixels:
    """`pixels` with a smooth surface under `mask` that meets its rim: the solution of Laplace's equation.

    All other pixels stay as they are. Speckle is not imitated: at the size that is stored, a stroke is a pixel wide.
    """
    from scipy import sparse
    from scipy.sparse.linalg import spsolve

    unknown = np.flatnonzero(mask)
    if not unknown.size or unknown.size == mask.size:
        return pixels
    number = np.full(mask.size, -1)
    number[unknown] = np.arange(unknown.size)
    rows, columns = np.divmod(unknown, mask.shape[1])
    degree = np.zeros(unknown.size)
    known = np.zeros(unknown.size)
    entries = []
    for down, across in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        exists = (0 <= rows + down) & (rows + down < mask.shape[0])
        exists &= (0 <= columns + across) & (columns + across < mask.shape[1])
        neighbour = unknown[exists] + down * mask.shape[1] + across
        degree[exists] += 1
        free = mask.ravel()[neighbour]
        np.add.at(known, np.flatnonzero(exists)[~free], pixels.ravel()[neighbour[~free]].astype(float))
        entries.append(np.stack([np.flatnonzero(exists)[free], number[neighbour[free]]]))
    here, there = np.concatenate(entries, axis=1)
    shape = (unknown.size, unknown.size)
    matrix = sparse.diags_array(degree) - sparse.coo_array((np.ones(len(here)), (here, there)), shape=shape)
    filled = pixels.copy()
    filled[mask] = np.clip(np.rint(spsolve(matrix.tocsc(), known)), 0, 255)
    return filled


def _strokes(pixels: Pixels) -> Mask:
    """Thin bright strokes that run along the beam somewhere, and what belongs to them."""
    from scipy import ndimage

    width = max(_LEAST_STROKE, round(len(pixels) * _STROKE))
    opened = ndimage.grey_opening(pixels, size=(1, width + 1))
    along = (pixels >= _LEAST_LEVEL) & (pixels - opened >= _CONTRAST)
    labels, _ = ndimage.label(along, np.ones((3, 3)))
    extents = ndimage.find_objects(labels)
    tall = np.array([False, *(rows.stop - rows.start > max(_HEIGHT - 1, 0.75 * width) for rows, _ in extents)])
    seed = tall[labels] & _has_sharp_sides(pixels)
    kept = np.zeros(len(tall), bool)
    kept[np.unique(labels[seed])] = True
    kept[0] = False
    level = np.concatenate([[0.0], ndimage.median(pixels, labels, np.arange(1, len(tall)))])
    thin = pixels - ndimage.grey_opening(pixels, size=(width + 1, width + 1)) >= _CONTRAST // 2
    return _grow(kept[labels], level[labels], pixels, thin, 12 * width)


def _has_sharp_sides(pixels: Pixels) -> Mask:
    """Whether brightness falls by a step within two pixels on both sides, along the row."""
    padded = np.pad(pixels.astype(np.int16), ((0, 0), (2, 2)), mode="edge")
    middle = padded[:, 2:-2]
    left = np.maximum(middle - padded[:, 1:-3], middle - padded[:, :-4])
    right = np.maximum(middle - padded[:, 3:-1], middle - padded[:, 4:])
    step = _CONTRAST // 2
    return (np.maximum(left, right) >= _CONTRAST) & (np.minimum(left, right) >= -step)


def _grow(seed: Mask, level: NDArray, pixels: Pixels, thin: Mask, reach: int) -> Mask:
    """Thin pixels of the seeds' brightness that are connected to a seed, at most `reach` steps away."""
    from scipy import ndimage

    if not seed.any():
        return seed
    nearest = ndimage.distance_transform_edt(~seed, return_distances=False, return_indices=True)
    alike = thin & (np.abs(pixels.astype(np.int16) - level[tuple(nearest)]) <= _SAME_LEVEL)
    return ndimage.binary_dilation(seed, np.ones((3, 3)), iterations=reach, mask=seed | alike)


def colour_share(pixels: Pixels, colour: Pixels) -> float:
    """Which share of a scan has another colour than its tint: above `FLOW` it is a flow image."""
    return float((_distance_from_tint(pixels, colour) > _COLOURED).mean())


def _distance_from_tint(pixels: Pixels, colour: Pixels) -> NDArray:
    """How far each pixel's colour lies from the tint that the scan has at its grey level."""
    channels = colour.astype(np.int16)
    difference = channels[..., ::2] - channels[..., 1:2]
    shade = pixels >> 4
    tint = np.stack([_median_of_each(difference[..., channel], shade) for channel in range(2)], axis=-1)
    return np.abs(difference - tint[shade]).max(axis=-1)


def _coloured(pixels: Pixels, colour: Pixels) -> Mask:
    """Spots of another colour than the scan's tint, with their faint rims."""
    from scipy import ndimage

    distance = _distance_from_tint(pixels, colour)
    core = distance > _COLOURED
    if core.mean() > FLOW:
        return np.zeros(core.shape, bool)
    return ndimage.binary_dilation(core, np.ones((3, 3)), iterations=2, mask=distance > _FAINTLY_COLOURED)


def _median_of_each(values: NDArray, shade: NDArray[np.integer]) -> NDArray:
    """The median of `values` in each of the 16 shades of grey; in a rare one, which may be all caliper, the next's."""
    counts = np.bincount(shade.ravel(), minlength=16)
    common = np.flatnonzero(counts >= _COMMON * shade.size)
    medians = [np.median(values[shade == level]) for level in common]
    return np.interp(np.arange(16), common, medians)
