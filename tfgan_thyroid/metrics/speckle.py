"""Speckle statistics: the texture by which sonographers judge an ultrasound image.

Where many scatterers share a resolution cell, the envelope's contrast and grain are set by the scanner, not by the
tissue (Wagner et al. 1983); a generator that smooths or invents texture shows here first.
"""

import numpy as np

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.metrics.draws import Draw, ImageSet

SMALLEST_WINDOW = 8
WINDOWS_ACROSS = 8

SMALLEST_SPREAD = 1e-9
"""Of a statistic over the real images; less is rounding."""

# Darker windows are the black margin and shadows: they hold no speckle.
DARKEST_MEAN = 16.0 / 255.0


def speckle_statistics(images: np.ndarray) -> np.ndarray:
    """Contrast ratio, axial and lateral correlation length of each image.

    Definition: the mean over the channels, in [0, 1], is cut into square windows of an eighth of its shorter side,
    8 pixels at least; dark ones are left out. Contrast ratio: standard deviation over mean, the median over the
    windows (its inverse is the envelope's signal-to-noise ratio). Correlation length: the lag in pixels at which the
    autocorrelation, of windows scaled to mean 0 and variance 1 and averaged over them, falls to 1/2, between whole
    lags on a straight line; half a window where it does not. Axial is along columns (depth), lateral along rows.
    Direction and range: as in real images. On an uncompressed image, fully developed speckle has a contrast ratio of
    0.523; scanners compress, so theirs is lower. White noise has a length of 0.5.
    Caveats: after resizing, the grain is that of the resized image. Windows remove what is coarser than they are, so
    lengths beyond a quarter of a window come out short.

    Args:
        images: uint8 `[N, H, W, C]`, sides of at least 8 pixels.

    Returns:
        float64 `[N, 3]`: contrast ratio, axial and lateral length. All 0 for an image without a window that is lit.

    Raises:
        UserError: an image is smaller than a window.
    """
    shorter = min(images.shape[1:3])
    if shorter < SMALLEST_WINDOW:
        raise UserError(f"speckle needs sides of at least {SMALLEST_WINDOW} pixels, got {shorter}: enlarge the images")
    window = max(SMALLEST_WINDOW, shorter // WINDOWS_ACROSS)
    return np.stack([_of_image(image.mean(axis=2) / 255.0, window) for image in images])


def speckle_distance(real: np.ndarray, generated: np.ndarray) -> float:
    """How far the speckle of two sets lies apart, in standard deviations of the real images.

    Definition: the 1-Wasserstein distance between the images' values (the mean absolute difference of the sorted
    ones) over the real images' standard deviation, mean of the three statistics.
    Direction and range: lower is better, 0 for identical sets; about 0.1 to 0.3 between two draws of 100.

    Args:
        real: `[N, 3]`, as `speckle_statistics` makes them.
        generated: `[N, 3]`.

    Raises:
        UserError: a statistic is the same for all real images.
    """
    spread = real.std(axis=0)
    if spread.min() <= SMALLEST_SPREAD:
        raise UserError(
            "the speckle of all real images is the same, as where they are dark or of one grey level, so that no "
            "distance has a unit: look at them, or leave speckle out of --metrics"
        )
    return float((np.abs(np.sort(real, axis=0) - np.sort(generated, axis=0)).mean(axis=0) / spread).mean())


def speckle_of_draw(draw: Draw) -> list[float]:
    """`speckle_distance` of a draw, then the means of the generated images' three numbers."""
    real, generated = draw.real.of_each(_statistics), draw.other.of_each(_statistics)
    return [speckle_distance(real, generated), *generated.mean(axis=0)]


def _statistics(images: ImageSet) -> np.ndarray:
    return speckle_statistics(images.images)


def _of_image(grey: np.ndarray, window: int) -> tuple[float, float, float]:
    down, across = (size // window for size in grey.shape)
    blocks = grey[: down * window, : across * window].reshape(down, window, across, window).swapaxes(1, 2)
    windows = blocks.reshape(-1, window, window)
    means, deviations = windows.mean(axis=(1, 2)), windows.std(axis=(1, 2))
    lit = means >= DARKEST_MEAN
    contrast = float(np.median(deviations[lit] / means[lit])) if lit.any() else 0.0
    textured = lit & (deviations > 0.0)
    if not textured.any():
        return contrast, 0.0, 0.0
    scaled = (windows[textured] - means[textured, None, None]) / deviations[textured, None, None]
    return contrast, _half_width(scaled.swapaxes(1, 2)), _half_width(scaled)


def _half_width(windows: np.ndarray) -> float:
    """Lag along the last axis of `[windows, w, w]` at which the autocorrelation falls to 1/2."""
    size = windows.shape[-1]
    lines = np.ascontiguousarray(windows).reshape(-1, size)
    products = lines.T @ lines
    correlation = np.array([products.diagonal(lag).mean() for lag in range(size // 2 + 1)])
    correlation /= correlation[0]
    below = np.flatnonzero(correlation < 0.5)
    if not len(below):
        return float(size // 2)
    lag = below[0]
    return float(lag - (0.5 - correlation[lag]) / (correlation[lag - 1] - correlation[lag]))
