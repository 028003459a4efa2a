"""What is known of a split once it is written: counts, grey levels, sizes, mask areas. Merges without losing any."""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pipeline.preprocessing.prepare.prepared_scan import PreparedScan

_PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
_LEVELS = np.arange(256.0)
TINY_MASK = 4
"""Pixels up to which a mask is no structure but a slip: at 64 pixels a side, a millimetre or two."""


@dataclasses.dataclass
class SplitStatistics:
    """A running account of written records. It names nobody: groups are counted under the ids that records carry."""

    # How often each grey level occurs in the stored images, int64 `[256]`.
    histogram: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(256, np.int64))
    record_digests: list[str] = dataclasses.field(default_factory=list)  # one a record
    image_digests: set[str] = dataclasses.field(default_factory=set)  # the different images
    groups: Counter = dataclasses.field(default_factory=Counter)  # scans of each group, by its id
    raw_sizes: Counter = dataclasses.field(default_factory=Counter)  # how many scans had each (height, width)
    mask_pixels: list[int] = dataclasses.field(default_factory=list)  # foreground pixels of each stored mask
    image_bytes: list[int] = dataclasses.field(default_factory=list)  # length of each stored PNG
    mask_bytes: list[int] = dataclasses.field(default_factory=list)  # length of each stored mask's PNG
    brightness: list[float] = dataclasses.field(default_factory=list)  # mean grey level of each stored image, 0 to 255
    # Standard deviation of the grey levels of each stored image.
    contrast: list[float] = dataclasses.field(default_factory=list)
    # How many scans were cropped to each (height, width), before they were resized.
    crop_sizes: Counter = dataclasses.field(default_factory=Counter)
    # Pixels of the raw scan that were filled in, by `image/source_id`; empty if they were not looked for.
    inpainted: dict[str, int] = dataclasses.field(default_factory=dict)
    stray_polygons: int = 0  # polygons of masks that were left out, because no pixel lies inside
    flat_pictures: int = 0  # scans that look like masks: black and white, or of few values

    def add(self, scan: "PreparedScan", histogram: np.ndarray, group_id: str) -> None:
        """Count one written record of the group with this id."""
        self.histogram += histogram
        self.record_digests.append(scan.record_digest)
        self.image_digests.add(scan.digest)
        self.groups[group_id] += 1
        self.raw_sizes[scan.raw_height, scan.raw_width] += 1
        self.crop_sizes[scan.crop_size] += 1
        self.image_bytes.append(scan.image_bytes)
        mean, deviation = grey_moments(histogram)
        self.brightness.append(mean)
        self.contrast.append(deviation)
        self.stray_polygons += scan.stray_polygons
        self.flat_pictures += looks_like_mask(histogram)
        if scan.mask_pixels is not None:
            self.mask_pixels.append(scan.mask_pixels)
            self.mask_bytes.append(scan.mask_bytes)

    def merge(self, other: "SplitStatistics") -> None:
        """Count what `other` counted as well."""
        self.histogram += other.histogram
        self.record_digests += other.record_digests
        self.image_digests |= other.image_digests
        self.groups += other.groups
        self.raw_sizes += other.raw_sizes
        self.crop_sizes += other.crop_sizes
        self.inpainted |= other.inpainted
        self.mask_pixels += other.mask_pixels
        self.image_bytes += other.image_bytes
        self.mask_bytes += other.mask_bytes
        self.brightness += other.brightness
        self.contrast += other.contrast
        self.stray_polygons += other.stray_polygons
        self.flat_pictures += other.flat_pictures

    def to_json(self, image_size: int) -> dict[str, Any]:
        """The readable summary; grey levels are 0 to 255, mask areas a fraction of the stored image."""
        count = len(self.record_digests)
        summary = {
            "count": count,
            "groups": len(self.groups),
            "scans_per_group": {str(size): n for size, n in sorted(Counter(self.groups.values()).items())},
            "duplicates": count - len(self.image_digests),
            "raw_sizes": {f"{height}x{width}": n for (height, width), n in sorted(self.raw_sizes.items())},
            "crop_sizes": {f"{height}x{width}": n for (height, width), n in sorted(self.crop_sizes.items())},
            "image_bytes": _summary(self.image_bytes),
            "brightness": _summary(self.brightness),
            "contrast": _summary(self.contrast),
            "grey_levels": _grey_levels(self.histogram),
            "flat_pictures": self.flat_pictures,
        }
        if self.mask_pixels:
            area = np.array(self.mask_pixels, np.float64) / image_size**2
            tiny = sum(0 < pixels <= TINY_MASK for pixels in self.mask_pixels)
            summary["mask_area"] = {**_summary(area), "empty": int(np.count_nonzero(area == 0.0)), "tiny": tiny}
            summary["stray_polygons"] = self.stray_polygons
        if self.inpainted:
            touched = {source_id: pixels for source_id, pixels in sorted(self.inpainted.items()) if pixels}
            summary["inpainted"] = {
                "scans": len(touched),
                "pixels": _summary(list(self.inpainted.values())),
                "by_source_id": touched,
            }
        return summary


def looks_like_mask(histogram: np.ndarray) -> bool:
    """Whether a stored picture of this histogram `[256]` is black and white, or a map of small numbers: no tissue is.

    Resizing leaves greys along edges: nine tenths of the pixels decide. A scan may be as black, but not as white, too.
    """
    black, white = histogram[:8].sum(), histogram[-8:].sum()
    total = histogram.sum()
    return bool(black + white >= 0.9 * total and (white >= 0.01 * total or histogram[8:].sum() == 0))


def grey_moments(histogram: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation over the pixels that `histogram` `[256]` counts: exact for 8-bit pixels."""
    total = histogram.sum()
    mean = (_LEVELS @ histogram) / total
    return float(mean), float(np.sqrt(((_LEVELS - mean) ** 2 @ histogram) / total))


def _summary(values: Sequence[float] | np.ndarray) -> dict[str, float]:
    """Mean, standard deviation and range; summed in sorted order, so that the order of the shards does not matter."""
    array = np.sort(np.asarray(values, np.float64))
    return {"mean": array.mean(), "std": array.std(), "min": array[0], "max": array[-1]}


def _grey_levels(histogram: np.ndarray) -> dict[str, Any]:
    """Mean, standard deviation and percentiles over all pixels, from their histogram: exact for 8-bit pixels.

    Percentile p is the least level that at least p % of the pixels do not exceed.
    """
    mean, deviation = grey_moments(histogram)
    cumulative = np.cumsum(histogram)
    return {
        "mean": mean,
        "std": deviation,
        "min": int(np.flatnonzero(histogram)[0]),
        "max": int(np.flatnonzero(histogram)[-1]),
        "percentiles": {str(p): int(np.searchsorted(cumulative, p / 100 * histogram.sum())) for p in _PERCENTILES},
        "histogram": histogram.tolist(),
    }
