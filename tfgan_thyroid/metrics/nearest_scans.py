"""The nearest scan of each scan in pixels, mirrored and shifted.

A search has two stages. All pairs are compared at about 32 pixels, by matrix products; the nearest few are then
compared at full size, every shift at once by a Fourier transform. What is compared is the centre of the query with
windows of the reference, so that no shift looks beyond an edge.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import fft

from tfgan_thyroid.metrics.group_distances import GroupDistances

LARGEST_SHIFT = 0.04
"""Of the side: two scans may lie this far apart, along both axes, and still be one."""

CANDIDATES = 8
COARSE_SIDE = 32
_QUERY_BLOCK, _REFERENCE_BLOCK, _SQUARES_BLOCK = 512, 1024, 32

Progress = Callable[[int], None]


class Matches(NamedTuple):
    """The nearest reference of each query."""

    distance: np.ndarray  # float64 `[N]`, root mean square difference in grey levels of 255 (or in features, Euclidean)
    reference: np.ndarray  # int64 `[N]`, its index
    flipped: np.ndarray  # bool `[N]`, whether the reference was mirrored left to right
    shift: np.ndarray  # int64 `[N, 2]`, rows and columns by which the reference's window lies off the centre, in pixels
    # Float64 `[N]`, the distance to the nearest group (patient) over the mean of those to the next 20. Small where one
    # patient stands out, as behind a copy; near 1 for whatever resembles many alike, as blurred images do, which lie
    # near everything.
    relative: np.ndarray


def margin(height: int, width: int) -> int:
    """The largest shift that is looked for, in pixels: 4 % of the shorter side, at least one pixel."""
    return max(1, round(LARGEST_SHIFT * min(height, width)))


def nearest_scans(
    queries: np.ndarray,
    references: np.ndarray,
    groups: np.ndarray | None = None,
    excluded: Callable[[np.ndarray], np.ndarray] | None = None,
    progress: Progress | None = None,
) -> Matches:
    """The nearest reference of each query in pixels, mirrored or not, shifted by up to 4 % of the side.

    Definition: the root mean square difference between the query without a margin of 4 % and the most similar window
    of that size in the reference or its mirror image.
    Caveats: the reference is the nearest of the 8 that are nearest at about 32 pixels. A copy is always among them;
    for scans that resemble nothing the distance may lie a little above the smallest.

    Args:
        queries: uint8 `[N, H, W, C]`.
        references: uint8 `[M, H, W, C]`.
        groups: int `[M]`, which references are of one patient; by default each is its own.
        excluded: bool `[n, M]` for n indices of queries: pairs that do not count, such as a scan and itself.
        progress: called with the number of queries just done.

    Raises:
        ValueError: the sizes differ, or a query has no reference left.
    """
    if queries.shape[1:] != references.shape[1:]:
        raise ValueError(f"images of {queries.shape[1:]} cannot be compared with {references.shape[1:]}")
    searcher = _FullSizeSearch(references)
    coarse_queries, coarse_references = _reduced(queries), _reduced(references)
    grouping = GroupDistances(len(references), groups)
    parts, relative = [], []
    for start in range(0, len(queries), _QUERY_BLOCK):
        rows = np.arange(start, min(start + _QUERY_BLOCK, len(queries)))
        distances = _coarse_distances(coarse_queries[rows], coarse_references)
        if excluded:
            distances[excluded(rows)] = np.inf
        candidates = _candidates(distances)
        relative.append(grouping.relative(distances))
        for query, nearest in zip(queries[rows], candidates, strict=True):
            parts.append(searcher.best(query, nearest))
            if progress:
                progress(1)
    distance, index, flipped, shift = (list(column) for column in zip(*parts, strict=True))
    shifts = np.array(shift).reshape(-1, 2)
    return Matches(np.array(distance), np.array(index), np.array(flipped), shifts, np.concatenate(relative))


def aligned_window(reference: np.ndarray, flipped: bool, shift: np.ndarray) -> np.ndarray:
    """The window of a reference `[H, W, C]` that a match means, mirrored where it was: `[H - 2m, W - 2m, C]`."""
    m = margin(*reference.shape[:2])
    image = reference[:, ::-1] if flipped else reference
    top, left = m + int(shift[0]), m + int(shift[1])
    return image[top : top + image.shape[0] - 2 * m, left : left + image.shape[1] - 2 * m]


def moved_to_match(query: np.ndarray, flipped: bool, shift: np.ndarray) -> np.ndarray:
    """A query `[H, W, C]` moved, and mirrored where the match was, to where its reference lies; edges are repeated."""
    m = margin(*query.shape[:2])
    padded = np.pad(query, ((m, m), (m, m), (0, 0)), mode="edge")
    top, left = m - int(shift[0]), m - int(shift[1])
    image = padded[top : top + query.shape[0], left : left + query.shape[1]]
    return image[:, ::-1] if flipped else image


def _reduced(images: np.ndarray) -> np.ndarray:
    """Images averaged over squares to a side of 32 to 63 pixels, float32 in [-0.5, 0.5]."""
    factor = max(1, min(images.shape[1:3]) // COARSE_SIDE)
    height, width = (size // factor for size in images.shape[1:3])
    reduced = np.zeros((len(images), height, width, images.shape[3]), np.float32)
    for row in range(factor):
        for column in range(factor):
            reduced += images[:, row : height * factor : factor, column : width * factor : factor]
    return reduced / np.float32(255 * factor**2) - np.float32(0.5)


def _coarse_distances(queries: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Sums of squared differences at reduced size, each pair at its best, float32 `[N, M]`."""
    m = max(1, math.ceil(LARGEST_SHIFT * min(queries.shape[1:3])))
    height, width = queries.shape[1] - 2 * m, queries.shape[2] - 2 * m
    centres = queries[:, m : m + height, m : m + width].reshape(len(queries), -1)
    squares = np.sum(centres**2, axis=1)[:, None]
    distances = np.empty((len(queries), len(references)), np.float32)
    for start in range(0, len(references), _REFERENCE_BLOCK):
        block = references[start : start + _REFERENCE_BLOCK]
        nearest = np.full((len(queries), len(block)), np.inf, np.float32)
        for image in (block, block[:, :, ::-1]):
            for top in range(2 * m + 1):
                for left in range(2 * m + 1):
                    window = image[:, top : top + height, left : left + width].reshape(len(block), -1)
                    np.minimum(nearest, np.sum(window**2, axis=1) - 2.0 * centres @ window.T, out=nearest)
        distances[:, start : start + _REFERENCE_BLOCK] = nearest + squares
    return np.maximum(distances, 0.0)


def _candidates(distances: np.ndarray) -> list[np.ndarray]:
    """Indices of the few nearest references of each query."""
    count = min(CANDIDATES, distances.shape[1])
    order = np.argpartition(distances, count - 1, axis=1)[:, :count]
    kept = [row[np.isfinite(values[row])] for row, values in zip(order, distances, strict=True)]
    if not all(len(row) for row in kept):
        raise ValueError("a scan has nothing to be compared with: every other one belongs to its own group")
    return kept


class _FullSizeSearch:
    """Compares a query with windows of a few references at full size.

    The mirror image of a reference needs no transform of its own: it is compared by mirroring the query instead.
    """

    def __init__(self, references: np.ndarray) -> None:
        self.references = references
        self.height, self.width = references.shape[1:3]
        self.margin = margin(self.height, self.width)
        self.side = 2 * self.margin + 1
        self.inner = (self.height - 2 * self.margin, self.width - 2 * self.margin)
        blocks = range(0, len(references), _SQUARES_BLOCK)
        self.squares = np.concatenate([self._window_squares(references[i : i + _SQUARES_BLOCK]) for i in blocks])
        # The inverse transform along columns, for the few rows that are shifts.
        angles = np.outer(np.arange(self.side), np.arange(self.height)) * (2.0 * np.pi / self.height)
        self.rows = (np.exp(1j * angles) / self.height).astype(np.complex64)

    def best(self, query: np.ndarray, candidates: np.ndarray) -> tuple[float, int, bool, tuple[int, int]]:
        """Distance, reference, whether it is mirrored, and shift, of the nearest window."""
        centre = self._centre(query)
        spectra = fft.rfft2(_centred(self.references[candidates]), axes=(1, 2))
        plain, mirrored = (
            self.squares[candidates] - 2.0 * self._correlations(image, spectra) for image in (centre, centre[:, ::-1])
        )
        costs = np.stack([plain, mirrored[:, :, ::-1]])
        flipped, which, top, left = np.unravel_index(costs.argmin(), costs.shape)
        index = int(candidates[which])
        shift = (int(top) - self.margin, int(left) - self.margin)
        # The transform rounds; the distance that is reported is the plain one.
        window = aligned_window(self.references[index], bool(flipped), np.array(shift)).astype(np.float64)
        distance = float(np.sqrt(np.mean((centre.astype(np.float64) - window) ** 2)))
        return distance, index, bool(flipped), shift

    def _centre(self, image: np.ndarray) -> np.ndarray:
        m = self.margin
        return image[m : self.height - m, m : self.width - m]

    def _correlations(self, centre: np.ndarray, spectra: np.ndarray) -> np.ndarray:
        """Sums of products of the query's centre with every window, `[K, 2m + 1, 2m + 1]`."""
        padded = np.zeros((self.height, self.width, centre.shape[2]), np.float32)
        padded[: self.inner[0], : self.inner[1]] = _centred(centre)
        products = np.sum(spectra * np.conj(fft.rfft2(padded, axes=(0, 1))), axis=-1)
        return fft.irfft(self.rows @ products, n=self.width, axis=2)[:, :, : self.side]

    def _window_squares(self, references: np.ndarray) -> np.ndarray:
        """Sums of squares of every window, by differences of cumulative sums, `[n, 2m + 1, 2m + 1]`."""
        sums = np.zeros((len(references), self.height + 1, self.width + 1))
        squares = np.sum(_centred(references).astype(np.float64) ** 2, axis=-1)
        sums[:, 1:, 1:] = squares.cumsum(axis=1).cumsum(axis=2)
        side, (height, width) = self.side, self.inner
        low, right = sums[:, height : height + side], slice(width, width + side)
        return low[:, :, right] - low[:, :, :side] - sums[:, :side, right] + sums[:, :side, :side]


def _centred(images: np.ndarray) -> np.ndarray:
    """Grey levels about their middle, so that the transform has less to round."""
    return images.astype(np.float32) - np.float32(127.5)
