"""How far apart the images of a set lie, to see whether variety is missing."""

import numpy as np

from tfgan_thyroid.metrics.distances import SquaredDistances


def relative_spacing(real: np.ndarray, generated: np.ndarray) -> float:
    """The generated images' distance to their nearest neighbours among themselves, over the real images'.

    Definition: the median Euclidean distance to the nearest other image of the set, generated over real.
    Direction and range: 1 is ideal, 0 where each generated image has a twin. Collapse to one image, to a few, or to
    faint changes of one lowers it alike.
    Caveats: noise is far from noise, so a large number is no praise. Near-duplicate frames of one patient lower the
    real images' distance and so raise the result. Compare sets of one size.

    Args:
        real: `[N, F]` features, such as images averaged down to 16 pixels.
        generated: `[N, F]`.
    """
    spacings = [float(np.median(np.sqrt(SquaredDistances(each).nearest_others(1)))) for each in (real, generated)]
    return spacings[1] / spacings[0] if spacings[0] > 0 else float("inf")
