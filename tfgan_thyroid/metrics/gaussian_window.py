"""A small Gaussian window moved over images, as tiled matrix products."""

import numpy as np

WINDOW = 11
SIGMA = 1.5

# Pixels along an edge that one product makes: a band matrix of this many rows is mostly filled, so that little is
# multiplied by zero, and large enough for the matrix product to run at its full speed.
TILE = 32


def gaussian_means(images: np.ndarray) -> np.ndarray:
    """Weighted means under an 11x11 Gaussian window of standard deviation 1.5, wherever it lies inside the image.

    Args:
        images: float64 `[..., H, W]`, both at least 11.

    Returns:
        float64 `[..., H - 10, W - 10]`.
    """
    height, width = (size - WINDOW + 1 for size in images.shape[-2:])
    band = _band()
    along_rows = np.empty((*images.shape[:-1], width))
    for start, rows in _tiles(width):
        part = images[..., start : start + rows + WINDOW - 1]
        np.matmul(part, band[:rows, : rows + WINDOW - 1].T, out=along_rows[..., start : start + rows])
    result = np.empty((*images.shape[:-2], height, width))
    for start, rows in _tiles(height):
        part = along_rows[..., start : start + rows + WINDOW - 1, :]
        np.matmul(band[:rows, : rows + WINDOW - 1], part, out=result[..., start : start + rows, :])
    return result


def _tiles(size: int) -> list[tuple[int, int]]:
    return [(start, min(TILE, size - start)) for start in range(0, size, TILE)]


def _band() -> np.ndarray:
    """`[TILE, TILE + 10]`: the window, one step further to the right in each row."""
    offsets = np.arange(WINDOW) - WINDOW // 2
    window = np.exp(-(offsets**2) / (2.0 * SIGMA**2))
    band = np.zeros((TILE, TILE + WINDOW - 1))
    for row in range(TILE):
        band[row, row : row + WINDOW] = window / window.sum()
    return band
