"""What is known of a split once it is written: counts, grey levels, sizes, mask areas. Merges without losing any."""

import dataclasses
from collections import Counter
from typing import Any

import numpy as np

from pipeline.transforms.prepare_scans import PreparedScan

_PERCENTILES = (1, 5, 25, 50, 75, 95, 99)


@dataclasses.dataclass
class SplitStatistics:
    """A running account of written records.

    Args:
        histogram: how often each grey level occurs in the stored images, int64 `[256]`.
        record_digests: one a record.
        image_digests: the different images.
        groups: the different groups.
        raw_sizes: how many scans had each (height, width).
        mask_pixels: foreground pixels of each stored mask.
    """

    histogram: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(256, np.int64))
    record_digests: list[str] = dataclasses.field(default_factory=list)
    image_digests: set[str] = dataclasses.field(default_factory=set)
    groups: set[str] = dataclasses.field(default_factory=set)
    raw_sizes: Counter = dataclasses.field(default_factory=Counter)
    mask_pixels: list[int] = dataclasses.field(default_factory=list)

    def add(self, scan: PreparedScan, histogram: np.ndarray) -> None:
        """Count one written record."""
        self.histogram += histogram
        self.record_digests.append(scan.record_digest)
        self.image_digests.add(scan.digest)
        self.groups.add(scan.group)
        self.raw_sizes[scan.raw_height, scan.raw_width] += 1
        if scan.mask_pixels is not None:
            self.mask_pixels.append(scan.mask_pixels)

    def merge(self, other: "SplitStatistics") -> None:
        """Count what `other` counted as well."""
        self.histogram += other.histogram
        self.record_digests += other.record_digests
        self.image_digests |= other.image_digests
        self.groups |= other.groups
        self.raw_sizes += other.raw_sizes
        self.mask_pixels += other.mask_pixels

    def to_json(self, image_size: int) -> dict[str, Any]:
        """The readable summary; grey levels are 0 to 255, mask areas a fraction of the stored image."""
        count = len(self.record_digests)
        summary = {
            "count": count,
            "groups": len(self.groups),
            "duplicates": count - len(self.image_digests),
            "raw_sizes": {f"{height}x{width}": n for (height, width), n in sorted(self.raw_sizes.items())},
            "grey_levels": _grey_levels(self.histogram),
        }
        if self.mask_pixels:
            area = np.array(sorted(self.mask_pixels), np.float64) / image_size**2
            summary["mask_area"] = {
                "mean": area.mean(),
                "std": area.std(),
                "min": area.min(),
                "max": area.max(),
                "empty": int(np.count_nonzero(area == 0.0)),
            }
        return summary


def _grey_levels(histogram: np.ndarray) -> dict[str, Any]:
    """Mean, standard deviation and percentiles over all pixels, from their histogram: exact for 8-bit pixels.

    Percentile p is the least level that at least p % of the pixels do not exceed.
    """
    levels = np.arange(256.0)
    total = histogram.sum()
    mean = (levels * histogram).sum() / total
    cumulative = np.cumsum(histogram)
    return {
        "mean": mean,
        "std": np.sqrt(((levels - mean) ** 2 * histogram).sum() / total),
        "min": int(np.flatnonzero(histogram)[0]),
        "max": int(np.flatnonzero(histogram)[-1]),
        "percentiles": {str(p): int(np.searchsorted(cumulative, p / 100 * total)) for p in _PERCENTILES},
        "histogram": histogram.tolist(),
    }
