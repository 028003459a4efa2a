"""Multi-scale structural similarity (Wang, Simoncelli & Bovik 2003) over all pairs of a set: its diversity."""

from collections.abc import Iterator

import numpy as np

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.metric_catalog import MS_SSIM_IMAGES
from tfgan_thyroid.metrics.draws import Draw
from tfgan_thyroid.metrics.gaussian_window import WINDOW, gaussian_means

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
C1 = 0.01**2
C2 = 0.03**2

# Pixels whose products are at work at once: they and their window means stay in the processor's cache.
PIXELS_AT_ONCE = 4 * 256 * 256


def ms_ssim(images: np.ndarray) -> float:
    """Mean similarity of all pairs of images.

    Definition: for each pair and channel, the product over the scales of the mean contrast-structure term, at the
    coarsest scale of the whole SSIM, each to the power of its weight; Gaussian window of 11 pixels and standard
    deviation 1.5, K1 = 0.01, K2 = 0.03, pixels in [0, 1], negative terms clipped at 0; each scale is the mean over 2x2
    pixels of the one before. Five scales from 161 pixels on; fewer on smaller images (`scale_weights`).
    Estimator: the plain mean over the N (N - 1) / 2 pairs (and channels).
    Direction and range: 0 to 1. Lower means more diverse; wanted is the number of real images, not 0.
    Caveats: it does not compare with real images at all, noise lowers it, and it depends on the image size.

    Args:
        images: uint8 `[N, H, W, C]`, at least two.

    Raises:
        UserError: fewer than two images, or sides shorter than 11 pixels.
    """
    return float(pair_similarities(images).mean())


def ms_ssim_of_draw(draw: Draw) -> list[float]:
    """`ms_ssim` of a draw's first images."""
    return [ms_ssim(draw.other.images(MS_SSIM_IMAGES))]


def scales_in_words(height: int, width: int) -> str:
    """The scales of an image and their weights, for a definition."""
    weights = scale_weights(height, width)
    return f"{len(weights)} scales of weights {', '.join(f'{weight:.4f}' for weight in weights)}"


def scale_weights(height: int, width: int) -> np.ndarray:
    """The weights of as many scales as the image has room for, at most five, renormalised to a sum of 1.

    A scale needs room for the window: 5 scales at 161 pixels or more, 4 at 81, 3 at 41, 2 at 21.

    Returns:
        float64 `[scales]`, finest first.

    Raises:
        UserError: not even one scale.
    """
    scales = sum(min(height, width) > (WINDOW - 1) * 2**scale for scale in range(len(WEIGHTS)))
    if scales == 0:
        raise UserError(
            f"MS-SSIM needs images of at least {WINDOW}x{WINDOW} pixels, got {height}x{width}: enlarge them"
        )
    weights = np.array(WEIGHTS[:scales])
    return weights / weights.sum()


def pair_similarities(images: np.ndarray) -> np.ndarray:
    """MS-SSIM of uint8 images 0 and 1, 0 and 2, ..., mean over channels: float64 `[N (N - 1) / 2]`."""
    if len(images) < 2:
        raise UserError(f"MS-SSIM compares pairs: got {len(images)} images, give at least 2")
    weights = scale_weights(*images.shape[1:3])
    pixels = np.moveaxis(images, 3, 1) / 255.0
    similarities = np.ones((len(images) * (len(images) - 1) // 2, images.shape[3]))
    for scale, weight in enumerate(weights):
        coarsest = scale == len(weights) - 1
        start = 0
        for terms in _scale_terms(pixels, with_luminance=coarsest):
            similarities[start : start + len(terms)] *= np.maximum(terms, 0.0) ** weight
            start += len(terms)
        pixels = _halved(pixels)
    return similarities.mean(axis=1)


def _scale_terms(pixels: np.ndarray, with_luminance: bool) -> Iterator[np.ndarray]:
    """At one scale, the mean terms `[pairs, C]` of consecutive pairs, in order."""
    means = gaussian_means(pixels)
    squared_means = means * means
    variances = gaussian_means(pixels * pixels) - squared_means
    chunk = max(1, PIXELS_AT_ONCE // pixels[0].size)
    for first in range(len(pixels) - 1):
        for start in range(first + 1, len(pixels), chunk):
            others = slice(start, start + chunk)
            mean_products = means[first] * means[others]
            terms = gaussian_means(pixels[first] * pixels[others])
            terms -= mean_products
            terms *= 2.0
            terms += C2
            terms /= variances[first] + variances[others] + C2
            if with_luminance:
                terms *= (2.0 * mean_products + C1) / (squared_means[first] + squared_means[others] + C1)
            yield terms.mean(axis=(2, 3))


def _halved(pixels: np.ndarray) -> np.ndarray:
    """Means over 2x2 pixels of `[N, C, H, W]`; a last odd row or column is doubled."""
    height, width = pixels.shape[2:]
    even = np.pad(pixels, ((0, 0), (0, 0), (0, height % 2), (0, width % 2)), mode="edge")
    return even.reshape(*pixels.shape[:2], even.shape[2] // 2, 2, even.shape[3] // 2, 2).mean(axis=(3, 5))
