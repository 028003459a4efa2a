"""From a scan's pixels to the model's input: crop, resize, scale. The only copy of these three.

Which box to crop, `crop_policies` says.

Training, evaluation and serving all go through here, so that a pixel means the same everywhere.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tfgan_thyroid.errors import UserError

RESIZE_FILTER = "lanczos"

Pixels = NDArray[np.uint8]
Tensor = TypeVar("Tensor")


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
    """
    levels = np.rint((np.asarray(images, np.float64) + 1.0) * 127.5)
    if np.isnan(levels).any():
        raise UserError("quantize got NaN, wanted floats in [-1, 1]: the network that made them has diverged")
    return np.clip(levels, 0.0, 255.0).astype(np.uint8)
