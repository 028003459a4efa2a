"""Random draws of real and of generated images, and what several metrics take from them, computed once."""

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from tfgan_thyroid.metrics.density_coverage import DensityCoverage, density_coverage_from
from tfgan_thyroid.metrics.distances import PairDistances, SquaredDistances
from tfgan_thyroid.metrics.kid import mean_kernel_between, mean_kernel_within
from tfgan_thyroid.metrics.mmd import KernelSums, kernel_sums
from tfgan_thyroid.metrics.power_spectrum import radial_power_spectra
from tfgan_thyroid.metrics.precision_recall import PrecisionRecall, precision_recall_from
from tfgan_thyroid.metrics.sliced_wasserstein import project
from tfgan_thyroid.metrics.speckle import speckle_statistics


class ImageSet:
    """Images with the space that distances are taken in, and what is computed once for each of them.

    Args:
        images: uint8 `[N, H, W, C]`.
        features: `[N, F]`; the pixels where None.
        seed: of the random projections.
    """

    def __init__(self, images: np.ndarray, features: np.ndarray | None, seed: int) -> None:
        self.images = images
        self.features = images.reshape(len(images), -1) if features is None else features
        self.seed = seed

    @cached_property
    def projections(self) -> np.ndarray:
        """float64 `[N, projections]`: the features along random directions."""
        return project(self.features, seed=self.seed)

    @cached_property
    def spectra(self) -> np.ndarray:
        """float64 `[N, R]`: radial power spectra."""
        return radial_power_spectra(self.images)

    @cached_property
    def speckle(self) -> np.ndarray:
        """float64 `[N, 3]`: contrast ratio, axial and lateral correlation length."""
        return speckle_statistics(self.images)


class Subset:
    """Some images of a set.

    Args:
        source: the set.
        rows: int `[n]`, which of them.
    """

    def __init__(self, source: ImageSet, rows: np.ndarray) -> None:
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

    @property
    def projections(self) -> np.ndarray:
        """float64 `[n, projections]`."""
        return self.source.projections[self.rows]

    @property
    def spectra(self) -> np.ndarray:
        """float64 `[n, R]`."""
        return self.source.spectra[self.rows]

    @property
    def speckle(self) -> np.ndarray:
        """float64 `[n, 3]`."""
        return self.source.speckle[self.rows]

    @cached_property
    def distances(self) -> SquaredDistances:
        """Among the subset's own images."""
        return SquaredDistances(self.features)

    @cached_property
    def mean_kernel(self) -> float:
        """KID's kernel among the subset's own images."""
        return mean_kernel_within(self.features)


class Draw:
    """Two subsets to compare.

    Args:
        real: of the real images.
        other: of the generated images; or of real ones again, for the floor.
    """

    def __init__(self, real: Subset, other: Subset) -> None:
        self.real = real
        self.other = other

    @cached_property
    def distances(self) -> PairDistances:
        """Within and between the subsets."""
        return PairDistances(self.real.distances, self.other.distances)

    @cached_property
    def kernel_sums(self) -> KernelSums:
        """Of MMD's kernel, over the pairs within and between the subsets."""
        return kernel_sums(self.distances)

    def kid(self) -> float:
        """Kernel inception distance between the subsets."""
        between = mean_kernel_between(self.real.features, self.other.features)
        return self.real.mean_kernel + self.other.mean_kernel - 2.0 * between

    @cached_property
    def precision_recall(self) -> PrecisionRecall:
        """Of the subsets."""
        return precision_recall_from(self.distances)

    @cached_property
    def density_coverage(self) -> DensityCoverage:
        """Of the subsets."""
        return density_coverage_from(self.distances)


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
