"""Distances between the outlines of two masks, in pixels."""

import math
from typing import NamedTuple

import numpy as np
from scipy import ndimage


class SurfaceDistances(NamedTuple):
    """How far two outlines lie apart."""

    hausdorff_95: float  # 95th-percentile Hausdorff distance, pixels
    average: float  # average symmetric surface distance, pixels


def outline(mask: np.ndarray) -> np.ndarray:
    """The foreground pixels with a background pixel, or the image's edge, above, below, left or right of them."""
    return mask & ~ndimage.binary_erosion(mask)


def surface_distances(reference: np.ndarray, predicted: np.ndarray) -> SurfaceDistances:
    """Distances between two outlines, from each pixel of one to the nearest of the other.

    Definition: with the distances from the reference's outline to the predicted one and those the other way round,
    `hausdorff_95` is the larger of the two 95th percentiles (linear between ranks), and `average` the mean of all of
    both together.
    Estimator: Euclidean distance transforms, exact on the pixel grid.
    Direction and range: lower is better, 0 for equal masks, at most the image's diagonal.
    Caveats: both masks empty are equal, 0 apart; if only one is, no distance exists, and both are NaN: leave them out
    of a mean and say how many. In pixels of the preprocessed image, so compare at one image size only.
    """
    if reference.shape != predicted.shape:
        raise ValueError(f"masks differ in shape: reference {reference.shape}, predicted {predicted.shape}")
    if not (reference.any() and predicted.any()):
        distance = math.nan if reference.any() or predicted.any() else 0.0
        return SurfaceDistances(distance, distance)
    outlines = outline(reference), outline(predicted)
    to_reference, to_predicted = (ndimage.distance_transform_edt(~line) for line in outlines)
    forward, backward = to_predicted[outlines[0]], to_reference[outlines[1]]
    worst = max(float(np.percentile(forward, 95)), float(np.percentile(backward, 95)))
    return SurfaceDistances(worst, float(np.concatenate([forward, backward]).mean()))
