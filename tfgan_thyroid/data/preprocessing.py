"""From a scan's pixels to the model's input: crop, resize, scale. The only copy of these three.

Training, evaluation and serving all go through here, so that a pixel means the same everywhere.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tfgan_thyroid.errors import UserError

CROP_POLICIES = ("right-square", "center-square", "none")
RESIZE_FILTER = "lanczos"

Pixels = NDArray[np.uint8]
Tensor = TypeVar("Tensor")


def parse_crop(policy: str) -> tuple[int, int, int, int] | None:
    """The (left, top, width, height) that `policy` spells out, or None for a named policy.

    Raises:
        UserError: `policy` is neither a name of `CROP_POLICIES` nor four whole numbers that make a box.
    """
    if policy in CROP_POLICIES:
        return None
    try:
        left, top, width, height = (int(part) for part in policy.split(","))
    except ValueError:
        left = top = width = height = -1
    if min(left, top) < 0 or min(width, height) < 1:
        raise UserError(
            f"crop {policy!r} is not known: give {', '.join(CROP_POLICIES)}, or LEFT,TOP,WIDTH,HEIGHT in pixels"
        )
    return left, top, width, height


def crop_box(policy: str, height: int, width: int) -> tuple[int, int, int, int]:
    """The part of a `height` x `width` scan that `policy` keeps, as (left, top, right, bottom), ends excluded.

    Args:
        policy: `right-square`, the largest square flush with the right edge (the paper's: of 875x1167 pixels it keeps
            columns 292 to 1166, without the scanner's ruler at the left); `center-square`, the largest square in the
            middle; `none`, all of it, which a later resize distorts unless it is square; or `LEFT,TOP,WIDTH,HEIGHT`.
            A square in a scan higher than wide is centred vertically.
        height: pixels of the raw scan.
        width: pixels of the raw scan.

    Raises:
        UserError: the policy is not known, or its box does not lie within the scan.
    """
    box = parse_crop(policy)
    if box is not None:
        left, top, box_width, box_height = box
        if left + box_width > width or top + box_height > height:
            raise UserError(f"crop {policy} (LEFT,TOP,WIDTH,HEIGHT) does not lie within {width}x{height} pixels")
        return left, top, left + box_width, top + box_height
    if policy == "none":
        return 0, 0, width, height
    side = min(height, width)
    left = width - side if policy == "right-square" else (width - side) // 2
    top = (height - side) // 2
    return left, top, left + side, top + side


def crop(image: Pixels, box: tuple[int, int, int, int]) -> Pixels:
    """The pixels of `image` `[H, W]` inside `box` (left, top, right, bottom), contiguous."""
    left, top, right, bottom = box
    return np.ascontiguousarray(image[top:bottom, left:right])  # Pillow copies a strided array 20 times slower


def resize(image: Pixels, size: int) -> Pixels:
    """Resample grey pixels `[H, W]` to `[size, size]` with Pillow's Lanczos filter.

    The filter widens with the reduction, so it averages what it drops instead of picking every third pixel: no moire
    on speckle. Lanczos, as in StyleGAN's data set tools, keeps the speckle's contrast best among Pillow's filters;
    its overshoot at sharp edges (a few grey levels) is clipped at 0 and 255. Crop first: a filter given a box inside
    a larger image would let the ruler beside the box bleed in.
    """
    from PIL import Image

    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.LANCZOS))


def resize_mask(mask: Pixels, size: int) -> Pixels:
    """Resample a mask `[H, W]` with values {0, 255} to `[size, size]` with the same values.

    A pixel becomes foreground when at least half of the area that it stands for is: the mask is averaged over that
    area, then thresholded. Nearest-neighbour sampling looks at one raw pixel in ten and frays the outline; on average
    both keep the area, this one does so for every single mask.
    """
    from PIL import Image

    coverage = np.asarray(Image.fromarray(mask).resize((size, size), Image.Resampling.BOX))
    return np.where(coverage >= 128, 255, 0).astype(np.uint8)


def scale_to_unit_range(pixels: Tensor) -> Tensor:
    """Map grey levels [0, 255] to [-1, 1]; NumPy arrays and TensorFlow tensors alike, of a floating type."""
    return pixels / 127.5 - 1.0  # type: ignore[operator, return-value]


def quantize(images: NDArray[np.floating]) -> Pixels:
    """Map [-1, 1] back to grey levels, as a file stores them; the inverse of `scale_to_unit_range`.

    Values outside are clipped; a value half-way between two levels goes to the even one (as `numpy.rint` rounds).

    Raises:
        UserError: a value is not a number.
    """
    levels = np.rint((np.asarray(images, np.float64) + 1.0) * 127.5)
    if np.isnan(levels).any():
        raise UserError("quantize got NaN, wanted floats in [-1, 1]: the network that made them has diverged")
    return np.clip(levels, 0.0, 255.0).astype(np.uint8)
