"""Inner products in float64, by matrix products of bounded memory.

Features are `[N, F]` arrays of floats, or of uint8: grey levels that stand for `value / 255`. Grey levels are
multiplied as whole numbers, which float64 holds exactly, and scaled afterwards: products of images are the same to the
bit on any machine.
"""

from collections.abc import Iterator

import numpy as np

BLOCK_BYTES = 32 * 2**20
SLICE_BYTES = 16 * 2**20
TILE_ROWS = 1024
LEVELS = 255.0

Block = tuple[slice, np.ndarray]


def product_blocks(a: np.ndarray, b: np.ndarray) -> Iterator[Block]:
    """Rows of `a @ b.T` for features `[N, F]` and `[M, F]`: which rows, and float64 `[rows, M]`."""
    check_widths(a, b)
    scale = unit(a) * unit(b)
    for rows, products in raw_product_blocks(a, b, np.zeros(a.shape[1])):
        yield rows, products * scale


def raw_product_blocks(a: np.ndarray, b: np.ndarray, origin: np.ndarray) -> Iterator[Block]:
    """Rows of `(a - origin) @ (b - origin).T` in the arrays' own units; no float64 copy is larger than a slice.

    Args:
        a: `[N, F]` features.
        b: `[M, F]`.
        origin: `[F]`; ignored by grey levels.

    Yields:
        Which rows, and float64 `[rows, M]`, a new array each time.
    """
    height = min(TILE_ROWS, max(1, BLOCK_BYTES // (8 * len(b))))
    for top in range(0, len(a), height):
        rows = slice(top, min(top + height, len(a)))
        block = np.zeros((rows.stop - top, len(b)))
        for start in range(0, len(b), TILE_ROWS):
            columns = slice(start, min(start + TILE_ROWS, len(b)))
            for part in _slices(a.shape[1], max(rows.stop - rows.start, columns.stop - columns.start)):
                left = _float64(a[rows, part], origin[part])
                # Of a matrix and its own transpose, NumPy computes only half.
                right = left if a is b and rows == columns else _float64(b[columns, part], origin[part])
                block[:, columns] += left @ right.T
        yield rows, block


def squared_norms(features: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """`|a - origin|^2` of each row, in the array's own units: float64 `[N]`."""
    norms = np.zeros(len(features))
    for top in range(0, len(features), TILE_ROWS):
        rows = slice(top, top + TILE_ROWS)
        for part in _slices(features.shape[1], TILE_ROWS):
            values = _float64(features[rows, part], origin[part])
            norms[rows] += np.einsum("nf,nf->n", values, values)
    return norms


def check_widths(a: np.ndarray, b: np.ndarray) -> None:
    """Refuses features of different length with a ValueError."""
    if a.ndim != 2 or a.shape[1:] != b.shape[1:]:
        raise ValueError(f"features {a.shape} and {b.shape} do not go together")


def unit(features: np.ndarray) -> float:
    """What one step of the features' numbers stands for."""
    return 1.0 / LEVELS if features.dtype == np.uint8 else 1.0


def _slices(size: int, rows: int) -> Iterator[slice]:
    """Of the features, as many at a time as make a slice of so many rows."""
    width = max(1, SLICE_BYTES // (8 * rows))
    return (slice(start, start + width) for start in range(0, size, width))


def _float64(block: np.ndarray, origin: np.ndarray) -> np.ndarray:
    values = block.astype(np.float64)
    return values if block.dtype == np.uint8 else values - origin
