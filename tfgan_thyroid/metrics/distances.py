"""Squared Euclidean distances in float64, in blocks of bounded memory, and what metrics take from them.

Those between 8-bit images are the same to the bit on any machine.
"""

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from tfgan_thyroid.metrics.matrix_products import Block, check_widths, raw_product_blocks, squared_norms, unit

KEPT_BYTES = 32 * 2**20
KEPT_NEIGHBORS = 5


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """`|a_i - b_j|^2` for all pairs of features `[N, F]` and `[M, F]`: float64 `[N, M]`, non-negative."""
    return np.concatenate([block for _, block in _distance_blocks(a, b)])


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
        """Within a set, the distances to the k nearest other images, nearest first: float64 `[N, k]`.

        Args:
            k: 1 to N - 1. Up to `KEPT_NEIGHBORS` cost one pass over the distances in all.
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
    check_widths(a, b)
    if (a.dtype == np.uint8) != (b.dtype == np.uint8):
        raise ValueError(f"distances between {a.dtype} and {b.dtype} features: convert one to the other")
    # Distances do not change when the origin moves; near the points, less is cancelled. Whole numbers lose nothing.
    origin = np.zeros(a.shape[1]) if a.dtype == np.uint8 else np.mean(a, axis=0, dtype=np.float64)
    scale = unit(a) * unit(b)
    squares = squared_norms(b, origin)
    own = squares if a is b else squared_norms(a, origin)
    for rows, products in raw_product_blocks(a, b, origin):
        products *= -2.0
        products += own[rows, None]
        products += squares
        yield rows, np.maximum(products, 0.0, out=products) * scale
