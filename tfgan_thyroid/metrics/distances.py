"""Inner products and squared Euclidean distances in float64, by matrix products, in blocks of bounded memory.

Features are `[N, F]` arrays of floats, or of uint8: grey levels that stand for `value / 255`. Grey levels are
multiplied as whole numbers, which float64 holds exactly, and scaled afterwards: distances between images are the same
to the bit on any machine.
"""

from collections.abc import Iterator
from functools import cached_property

import numpy as np

BLOCK_BYTES = 32 * 2**20
KEPT_BYTES = 32 * 2**20
SLICE_BYTES = 16 * 2**20
TILE_ROWS = 1024
KEPT_NEIGHBORS = 5
LEVELS = 255.0

Block = tuple[slice, np.ndarray]


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """`|a_i - b_j|^2` for all pairs, whole.

    Args:
        a: `[N, F]` features.
        b: `[M, F]`.

    Returns:
        float64 `[N, M]`, non-negative.
    """
    return np.concatenate([block for _, block in _distance_blocks(a, b)])


def product_blocks(a: np.ndarray, b: np.ndarray) -> Iterator[Block]:
    """Rows of `a @ b.T`.

    Args:
        a: `[N, F]` features.
        b: `[M, F]`.

    Yields:
        Which rows, and float64 `[rows, M]`.
    """
    _check_widths(a, b)
    unit = _unit(a) * _unit(b)
    for rows, products in _raw_product_blocks(a, b, np.zeros(a.shape[1])):
        yield rows, products * unit


class SquaredDistances:
    """`|a_i - b_j|^2` for all pairs of two sets, or within one, in blocks of rows; kept whole where that is small.

    Args:
        a: `[N, F]` features.
        b: `[M, F]`; None for the distances within `a`, whose diagonal is then exactly 0.
    """

    def __init__(self, a: np.ndarray, b: np.ndarray | None = None) -> None:
        self.a = a
        self.b = a if b is None else b
        self.within = b is None
        self._neighbors = np.empty((len(a), 0))

    @property
    def shape(self) -> tuple[int, int]:
        """(N, M)."""
        return len(self.a), len(self.b)

    def blocks(self) -> Iterator[Block]:
        """Yields which rows, and float64 `[rows, M]`, not to be written to."""
        if 8 * len(self.a) * len(self.b) <= KEPT_BYTES:
            yield slice(0, len(self.a)), self._whole
        else:
            yield from self._computed()

    def transposed(self) -> "SquaredDistances":
        """The same seen from `b`; computed once where it is kept."""
        result = SquaredDistances(self.b, self.a)
        if 8 * len(self.a) * len(self.b) <= KEPT_BYTES:
            result.__dict__["_whole"] = self._whole.T
        return result

    @cached_property
    def row_minima(self) -> np.ndarray:
        """float64 `[N]`: to the nearest of the other set."""
        return np.concatenate([block.min(axis=1) for _, block in self.blocks()])

    def nearest_others(self, k: int) -> np.ndarray:
        """Within a set, the distances to the k nearest other images, nearest first.

        Args:
            k: 1 to N - 1. Up to `KEPT_NEIGHBORS` cost one pass over the distances in all.

        Returns:
            float64 `[N, k]`.
        """
        if self._neighbors.shape[1] < k:
            count = min(max(k, KEPT_NEIGHBORS), len(self.a) - 1)
            self._neighbors = np.concatenate([_smallest(rows, block, count) for rows, block in self.blocks()])
        return self._neighbors[:, :k]

    @cached_property
    def _whole(self) -> np.ndarray:
        return np.concatenate([block for _, block in self._computed()])

    def _computed(self) -> Iterator[Block]:
        for rows, block in _distance_blocks(self.a, self.b):
            if self.within:
                block[np.arange(len(block)), np.arange(len(self.a))[rows]] = 0.0
            yield rows, block


class PairDistances:
    """All distances that two sets have among themselves.

    Args:
        real: `[N, F]` features, or the distances within them.
        generated: `[M, F]`, likewise.
    """

    def __init__(self, real: np.ndarray | SquaredDistances, generated: np.ndarray | SquaredDistances) -> None:
        self.real_real = real if isinstance(real, SquaredDistances) else SquaredDistances(real)
        self.generated_generated = generated if isinstance(generated, SquaredDistances) else SquaredDistances(generated)
        self.real_generated = SquaredDistances(self.real_real.a, self.generated_generated.a)

    @cached_property
    def generated_real(self) -> SquaredDistances:
        """Rows are generated, columns real."""
        return self.real_generated.transposed()


def _smallest(rows: slice, block: np.ndarray, count: int) -> np.ndarray:
    """`[rows, count]`, sorted, without the images themselves."""
    others = block.copy()
    others[np.arange(len(block)), np.arange(rows.start, rows.stop)] = np.inf
    others.partition(count - 1, axis=1)
    return np.sort(others[:, :count], axis=1)


def _distance_blocks(a: np.ndarray, b: np.ndarray) -> Iterator[Block]:
    """By `|a|^2 + |b|^2 - 2ab`, clipped at zero."""
    _check_widths(a, b)
    if (a.dtype == np.uint8) != (b.dtype == np.uint8):
        raise ValueError(f"distances between {a.dtype} and {b.dtype} features: convert one to the other")
    # Distances do not change when the origin moves; near the points, less is cancelled. Whole numbers lose nothing.
    origin = np.zeros(a.shape[1]) if a.dtype == np.uint8 else np.mean(a, axis=0, dtype=np.float64)
    unit = _unit(a) * _unit(b)
    squares = _squared_norms(b, origin)
    own = squares if a is b else _squared_norms(a, origin)
    for rows, products in _raw_product_blocks(a, b, origin):
        products *= -2.0
        products += own[rows, None]
        products += squares
        yield rows, np.maximum(products, 0.0, out=products) * unit


def _raw_product_blocks(a: np.ndarray, b: np.ndarray, origin: np.ndarray) -> Iterator[Block]:
    """Rows of `(a - origin) @ (b - origin).T` in the arrays' own units; no float64 copy is larger than a slice."""
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


def _check_widths(a: np.ndarray, b: np.ndarray) -> None:
    if a.ndim != 2 or a.shape[1:] != b.shape[1:]:
        raise ValueError(f"features {a.shape} and {b.shape} do not go together")


def _squared_norms(features: np.ndarray, origin: np.ndarray) -> np.ndarray:
    norms = np.zeros(len(features))
    for top in range(0, len(features), TILE_ROWS):
        rows = slice(top, top + TILE_ROWS)
        for part in _slices(features.shape[1], TILE_ROWS):
            values = _float64(features[rows, part], origin[part])
            norms[rows] += np.einsum("nf,nf->n", values, values)
    return norms


def _slices(size: int, rows: int) -> Iterator[slice]:
    """Of the features, as many at a time as make a slice of so many rows."""
    width = max(1, SLICE_BYTES // (8 * rows))
    return (slice(start, start + width) for start in range(0, size, width))


def _float64(block: np.ndarray, origin: np.ndarray) -> np.ndarray:
    values = block.astype(np.float64)
    return values if block.dtype == np.uint8 else values - origin


def _unit(features: np.ndarray) -> float:
    return 1.0 / LEVELS if features.dtype == np.uint8 else 1.0
