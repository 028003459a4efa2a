"""Random draws of real and of generated images; what a metric takes from an image or a draw is computed once."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np

from tfgan_thyroid.metrics.distances import PairDistances, SquaredDistances


class _Computed:
    """Keeps what functions made of it, so that metrics can share it without knowing each other."""

    def __init__(self) -> None:
        self._kept: dict[Callable[[Any], Any], Any] = {}

    def once(self, compute: Callable[[Any], Any]) -> Any:
        """`compute(self)`, computed at the first call."""
        if compute not in self._kept:
            self._kept[compute] = compute(self)
        return self._kept[compute]


class ImageSet(_Computed):
    """Images with the space that distances are taken in.

    Args:
        images: uint8 `[N, H, W, C]`.
        features: `[N, F]`; the pixels where None.
        seed: of whatever a metric draws at random.
    """

    def __init__(self, images: np.ndarray, features: np.ndarray | None, seed: int) -> None:
        super().__init__()
        self.images = images
        self.features = images.reshape(len(images), -1) if features is None else features
        self.seed = seed


class Subset(_Computed):
    """Some images of a set."""

    def __init__(self, source: ImageSet, rows: np.ndarray) -> None:
        super().__init__()
        self.source = source
        self.rows = rows

    def images(self, count: int) -> np.ndarray:
        """The first images, at most `count`: uint8 `[n, H, W, C]`."""
        return self.source.images[self.rows[:count]]

    @cached_property
    def features(self) -> np.ndarray:
        """`[n, F]`; in the set's own order where it is the whole set, which is not copied."""
        whole = len(self.rows) == len(self.source.features)
        return self.source.features if whole else self.source.features[self.rows]

    def of_each(self, compute: Callable[[ImageSet], np.ndarray]) -> np.ndarray:
        """The subset's rows of what `compute` makes of the whole set, once: `[n, ...]`."""
        return self.source.once(compute)[self.rows]

    @cached_property
    def distances(self) -> SquaredDistances:
        """Among the subset's own images."""
        return SquaredDistances(self.features)


class Draw(_Computed):
    """Two subsets to compare."""

    def __init__(self, real: Subset, other: Subset) -> None:
        super().__init__()
        self.real = real
        self.other = other

    @cached_property
    def distances(self) -> PairDistances:
        """Within and between the subsets."""
        return PairDistances(self.real.distances, self.other.distances)


def random_draws(
    real: ImageSet, generated: ImageSet, n: int, draws: int, seed: int
) -> Iterator[tuple[Draw, Draw | None]]:
    """Draws without replacement, each from all images.

    Args:
        real: the real images.
        generated: the generated ones.
        n: images of each kind in a draw.
        draws: how many.
        seed: decides them all; those of the real images do not depend on how many generated ones there are.

    Yields:
        Real against generated; and the same real images against as many others, or None where there are too few.
    """
    for number in range(draws):
        picked = np.random.default_rng([seed, number, 0]).permutation(len(real.images))
        chosen = np.random.default_rng([seed, number, 1]).permutation(len(generated.images))[:n]
        first = Subset(real, picked[:n])
        floor = Draw(first, Subset(real, picked[n : 2 * n])) if 2 * n <= len(picked) else None
        yield Draw(first, Subset(generated, chosen)), floor
