"""What a metric's number needs beside it to be read."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Estimate(NamedTuple):
    """A metric's mean over draws with all that one needs to read it."""

    mean: float  # over the draws
    std: float  # standard deviation over the draws (of the sample, n - 1); 0 for a single draw
    # The mean of the same number for real images: real against real from disjoint halves at the same n, or None where
    # they would be too small; for metrics of one set (MS-SSIM, the parts of speckle) the real set's.
    floor: float | None
    n: int  # images of each kind in a draw
    draws: int  # number of draws
    seed: int  # of the draws
    features: str  # the space that distances are taken in
    definition: str  # of the metric, in a line
    # Of each draw, in order; draws of the same seed and sizes hold the same real images, so that two generators can be
    # compared in pairs.
    values: tuple[float, ...]

    @classmethod
    def of(
        cls, values: Sequence[float], floors: Sequence[float], n: int, seed: int, features: str, definition: str
    ) -> "Estimate":
        """Sums up the draws."""
        std = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
        floor = float(np.mean(floors)) if len(floors) else None
        kept = tuple(float(value) for value in values)
        return cls(float(np.mean(kept)), std, floor, n, len(kept), seed, features, definition, kept)
