"""Distances to patients instead of to scans: whether the nearest one stands out among the next."""

import numpy as np

NEIGHBOURS = 20
"""Groups that a nearest distance is compared with, to see whether it stands out."""


class GroupDistances:
    """Distances to groups of references.

    Args:
        count: of references.
        groups: int `[count]`, or None where each is its own.
    """

    def __init__(self, count: int, groups: np.ndarray | None) -> None:
        labels = np.arange(count) if groups is None or len(np.unique(groups)) < 3 else np.asarray(groups)
        self.order = np.argsort(labels, kind="stable")
        self.starts = np.flatnonzero(np.diff(labels[self.order], prepend=labels.min() - 1))

    def relative(self, squared: np.ndarray) -> np.ndarray:
        """The distance to the nearest group over the mean of those to the next, float64 `[N]`; 1 where all are 0."""
        nearest = np.minimum.reduceat(squared[:, self.order], self.starts, axis=1).astype(np.float64)
        count = min(NEIGHBOURS + 1, nearest.shape[1])
        distances = np.sqrt(np.sort(np.partition(nearest, count - 1, axis=1)[:, :count], axis=1))
        finite = np.isfinite(distances[:, 1:])
        typical = np.sum(np.where(finite, distances[:, 1:], 0.0), axis=1) / np.maximum(finite.sum(axis=1), 1)
        return np.divide(distances[:, 0], typical, out=np.ones(len(typical)), where=typical > 0)
