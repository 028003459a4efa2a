"""The scores of a U-Net on images that it has not seen: by image, by group, and three ways to sum them up."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfgan_thyroid.segmentation.examples import SegmentationExamples
from tfgan_thyroid.segmentation.metrics import Confusion, confusion, pool
from tfgan_thyroid.segmentation.surface_distance import surface_distances

OVERLAP_METRICS = ("dice", "iou", "precision", "recall")
DISTANCE_METRICS = ("hausdorff_95", "average_surface_distance")
METRICS = OVERLAP_METRICS + DISTANCE_METRICS

DEFINITIONS = {
    "image_mean": "mean over the images of the foreground's score; an image whose masks are both empty counts 1 (and "
    "0 pixels of distance), one where only one of them is empty counts 0; such an image has no distance and is left "
    "out of the distances' means; null where no image of the split has foreground: nothing could be found",
    "pooled": "the foreground's score from the pixels of all images together",
    "class_mean": "as image_mean, but each image's score is the mean of foreground and background",
    "dice": "2 TP / (2 TP + FP + FN)",
    "iou": "TP / (TP + FP + FN)",
    "precision": "TP / (TP + FP)",
    "recall": "TP / (TP + FN)",
    "hausdorff_95": "95th-percentile Hausdorff distance between the outlines, the larger direction, pixels",
    "average_surface_distance": "mean distance between the outlines, both directions together, pixels",
}


@dataclass(frozen=True)
class ImageScores:
    """The scores of one image."""

    source_id: str  # hash that stands for the file
    group_id: str  # hash that stands for the group (patient, acquisition)
    counts: Confusion  # its pixels by what they are and what they were taken for
    hausdorff_95: float  # pixels; NaN where exactly one of the two masks is empty
    average_surface_distance: float  # pixels; NaN as before

    def value(self, metric: str) -> float:
        """The score by its name in `METRICS`."""
        return float(getattr(self if metric in DISTANCE_METRICS else self.counts, metric))


@dataclass(frozen=True)
class SegmentationScores:
    """The scores of a set of images, in its order."""

    images: tuple[ImageScores, ...]  # one entry for each
    # Whether an image of the whole set has foreground; without any, a network that finds nothing would be perfect, and
    # means and pooled scores are NaN.
    scored: bool = True

    def values(self, metric: str) -> np.ndarray:
        """A metric by image: float64 `[N]`."""
        return np.array([image.value(metric) for image in self.images])

    def image_mean(self) -> dict[str, float]:
        """Each metric's mean over the images; NaN for a distance that no image has."""
        return {metric: _mean(self.values(metric)) if self.scored else math.nan for metric in METRICS}

    def pooled(self) -> dict[str, float]:
        """The overlap metrics of all pixels together."""
        counts = pool(image.counts for image in self.images)
        return {metric: getattr(counts, metric) if self.scored else math.nan for metric in OVERLAP_METRICS}

    def class_mean(self) -> dict[str, float]:
        """The overlap metrics, averaged over foreground and background, then over the images."""
        return {
            metric: _mean(
                [
                    (getattr(image.counts, metric) + getattr(image.counts.background, metric)) / 2.0
                    for image in self.images
                ]
            )
            if self.scored
            else math.nan
            for metric in OVERLAP_METRICS
        }

    def by_group(self) -> dict[str, "SegmentationScores"]:
        """The images of each group, by its hash, in the order of first appearance."""
        groups: dict[str, list[ImageScores]] = {}
        for image in self.images:
            groups.setdefault(image.group_id, []).append(image)
        return {group_id: SegmentationScores(tuple(images), self.scored) for group_id, images in groups.items()}

    def group_means(self, *metrics: str) -> dict[str, dict[str, Any]]:
        """By the group's hash, how many `images` it has and the mean of each metric over them."""
        return {
            group_id: {"images": len(group.images), **{metric: group.image_mean()[metric] for metric in metrics}}
            for group_id, group in self.by_group().items()
        }

    def without_distance(self) -> int:
        """How many images have no distance, since exactly one of their two masks is empty."""
        return int(np.isnan(self.values("hausdorff_95")).sum())


def score(examples: SegmentationExamples, predicted: np.ndarray) -> SegmentationScores:
    """Compares predicted masks with the examples' own."""
    images = []
    for index, (reference, mask) in enumerate(zip(examples.masks[..., 0], predicted, strict=True)):
        distances = surface_distances(reference, mask)
        images.append(
            ImageScores(
                examples.source_ids[index],
                examples.group_ids[index],
                confusion(reference, mask),
                distances.hausdorff_95,
                distances.average,
            )
        )
    return SegmentationScores(tuple(images), examples.has_foreground)


def _mean(values: Sequence[float] | np.ndarray) -> float:
    """The mean of those that are numbers."""
    finite = [value for value in values if not math.isnan(value)]
    return float(np.mean(finite)) if finite else math.nan
