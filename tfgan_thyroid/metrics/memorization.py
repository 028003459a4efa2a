"""Whether generated images repeat training scans: what distances to the nearest training scan tell."""

from collections.abc import Callable, Sequence

import numpy as np

from tfgan_thyroid.metrics.distances import squared_distances
from tfgan_thyroid.metrics.group_distances import GroupDistances
from tfgan_thyroid.metrics.nearest_scans import Matches

_QUERY_BLOCK = 512


def nearest_features(
    queries: Sequence[np.ndarray],
    references: np.ndarray,
    groups: np.ndarray | None = None,
    excluded: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Matches:
    """The nearest reference of each query in a feature space, by Euclidean distance.

    Args:
        queries: float `[N, F]` of the images and, where they count, of their mirror images and of others of their
            placements.
        references: float `[M, F]`.
        groups: as in `nearest_scans.nearest_scans`.
        excluded: as in `nearest_scans.nearest_scans`.
    """
    grouping = GroupDistances(len(references), groups)
    parts = []
    for start in range(0, len(queries[0]), _QUERY_BLOCK):
        rows = np.arange(start, min(start + _QUERY_BLOCK, len(queries[0])))
        kinds = np.stack([squared_distances(features[rows], references) for features in queries])
        distances = kinds.min(axis=0)
        if excluded:
            distances[excluded(rows)] = np.inf
        index = distances.argmin(axis=1)
        order = np.arange(len(rows))
        flipped = kinds[:, order, index].argmin(axis=0) == 1
        parts.append((np.sqrt(distances[order, index]), index, flipped, grouping.relative(distances)))
    distance, index, flipped, relative = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Matches(distance, index, flipped, np.zeros((len(index), 2), np.int64), relative)


def authenticity(matches: Matches, reference_spacing: np.ndarray) -> np.ndarray:
    """Which queries are authentic (Alaa et al. 2022, "How faithful is your synthetic data?", section 4): bool `[N]`.

    Definition: a query is authentic when it lies farther from its nearest training scan than that scan lies from its
    own nearest other training scan.
    Direction and range: the rate is in [0, 1], higher is better; held-out scans of the same distribution give about
    0.5 where scans are independent.
    Caveats: smooth images lie near everything in pixels, and are called inauthentic without repeating anybody.

    Args:
        matches: of the queries among the training scans.
        reference_spacing: float `[M]`, the distance of each training scan to its nearest other one.
    """
    return matches.distance > reference_spacing[matches.reference]


def closer_fraction(distance: np.ndarray, held_out_distance: np.ndarray, percentile: float = 1.0) -> float:
    """The fraction of distances below a percentile of the held-out scans' distances; about that percent is innocent."""
    return float(np.mean(distance < np.percentile(held_out_distance, percentile)))
