"""What a mask looks like, in numbers: how large, where, how round, in how many pieces."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import ndimage

_PIXEL_MOMENT = 1.0 / 12.0
"""Variance of a coordinate within a pixel, so that a single pixel counts as a unit square, not a point."""


class MaskShape(NamedTuple):
    """The shape of one mask; all but area and components are NaN where it is empty."""

    area: float  # share of the image's pixels, in [0, 1]
    row: float  # of the centroid, share of the height from the top
    column: float  # of the centroid, share of the width from the left
    eccentricity: float  # of the ellipse with the mask's second moments, in [0, 1): 0 of a disc
    # `A^2 / (2 pi (mu_20 + mu_02))`, in (0, 1]: 1 of a disc, `2 a b / (a^2 + b^2)` of an ellipse with the axes a and b,
    # less of anything that is hollow, ragged or in pieces (Zunic et al., "A Hu moment invariant as a shape circularity
    # measure", 2010). It needs no length of an outline, which pixels lack.
    compactness: float
    components: int  # pieces whose pixels touch by their sides or corners


def mask_shape(mask: np.ndarray) -> MaskShape:
    """Measures a mask, bool `[H, W]`."""
    rows, columns = np.nonzero(mask)
    count = len(rows)
    if not count:
        return MaskShape(0.0, np.nan, np.nan, np.nan, np.nan, 0)
    height, width = mask.shape
    row, column = rows.mean(), columns.mean()
    moments = np.cov(np.stack([rows, columns]), bias=True) + _PIXEL_MOMENT * np.eye(2)
    smaller, larger = np.linalg.eigvalsh(moments)
    return MaskShape(
        area=count / mask.size,
        row=float((row + 0.5) / height),
        column=float((column + 0.5) / width),
        eccentricity=float(np.sqrt(1.0 - smaller / larger)),
        compactness=float(count / (2.0 * np.pi * np.trace(moments))),
        components=int(ndimage.label(mask, np.ones((3, 3)))[1]),
    )


def mask_shapes(masks: Sequence[np.ndarray] | np.ndarray) -> dict[str, np.ndarray]:
    """The shapes of masks, bool `[N, H, W]`: float64 `[N]` for each attribute of `MaskShape`."""
    table = np.array([mask_shape(mask) for mask in masks], np.float64).reshape(-1, len(MaskShape._fields))
    return dict(zip(MaskShape._fields, table.T, strict=True))
