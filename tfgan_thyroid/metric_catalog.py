"""The metrics by name: what computes each, what its results mean and which way is better. Light: nothing but text.

A new metric is an entry here and a file of `metrics/`; configuration, flags, tables and reports go by this.
"""

from typing import Literal, NamedTuple

Goal = Literal["lower", "higher", "half", "one", "real"]
Space = Literal["any", "pixels", "features"]

SMALLEST_DRAW = 4
NEIGHBORS_PRECISION = 3
NEIGHBORS_DENSITY = 5
PROJECTIONS = 256
MS_SSIM_IMAGES = 32


class Metric(NamedTuple):
    """How a metric is computed, and what it yields.

    Attributes:
        compute: `module.function` of `tfgan_thyroid.metrics`: from a `Draw` to one number for each result, in order.
        results: goal and definition in a line of each number, by its name.
        smallest: images of each kind that a draw needs.
        largest: images of each kind that it uses of a draw, or None for all.
        space: what it looks at: `any` space that is asked for, the `pixels` in any case, or `features` only.
        details: `module.function` of an image's height and width that ends the definitions, or None.
    """

    compute: str
    results: dict[str, tuple[Goal, str]]
    smallest: int = SMALLEST_DRAW
    largest: int | None = None
    space: Space = "any"
    details: str | None = None


class Result(NamedTuple):
    """One number that a metric yields.

    Attributes:
        metric: the name to ask for.
        goal: `lower` or `higher` is better; `half` and `one`: nearest to 0.5 or 1; `real`: nearest to the real set's.
        definition: in a line.
    """

    metric: str
    goal: Goal
    definition: str


_KERNEL = "Gaussian kernel, bandwidth from the mean real-real squared distance"
_REAL_BALLS = f"real balls (radius to neighbour {NEIGHBORS_DENSITY})"

METRICS = {
    "mmd": Metric("mmd.mmd_of_draw", {"mmd": ("lower", f"sqrt of the biased squared MMD, {_KERNEL}")}),
    "mmd-unbiased": Metric(
        "mmd.mmd_unbiased_of_draw", {"mmd-unbiased": ("lower", f"unbiased squared MMD (may be negative), {_KERNEL}")}
    ),
    "1nn": Metric(
        "nearest_neighbor.nearest_neighbor_of_draw",
        {
            "1nn": ("half", "leave-one-out 1-nearest-neighbour accuracy on the pooled sets"),
            "1nn_real": ("half", "1nn among the real images"),
            "1nn_generated": ("half", "1nn among the generated images"),
        },
    ),
    "ms-ssim": Metric(
        "ms_ssim.ms_ssim_of_draw",
        {"ms-ssim": ("real", "mean multi-scale SSIM over all pairs of generated images; floor: of real ones")},
        largest=MS_SSIM_IMAGES,
        space="pixels",
        details="ms_ssim.scales_in_words",
    ),
    "kid": Metric(
        "kid.kid_of_draw", {"kid": ("lower", "unbiased squared MMD (may be negative), kernel (x.y / F + 1)^3")}
    ),
    "precision": Metric(
        "precision_recall.precision_of_draw",
        {
            "precision": (
                "higher",
                f"generated images within a real image's ball, radius to neighbour {NEIGHBORS_PRECISION}",
            )
        },
        smallest=NEIGHBORS_PRECISION + 1,
    ),
    "recall": Metric(
        "precision_recall.recall_of_draw",
        {
            "recall": (
                "higher",
                f"real images within a generated image's ball, radius to neighbour {NEIGHBORS_PRECISION}",
            )
        },
        smallest=NEIGHBORS_PRECISION + 1,
    ),
    "density": Metric(
        "density_coverage.density_of_draw",
        {"density": ("one", f"{_REAL_BALLS} around a generated image, mean over {NEIGHBORS_DENSITY}")},
        smallest=NEIGHBORS_DENSITY + 1,
    ),
    "coverage": Metric(
        "density_coverage.coverage_of_draw",
        {"coverage": ("higher", f"{_REAL_BALLS} with a generated image inside")},
        smallest=NEIGHBORS_DENSITY + 1,
    ),
    "swd": Metric(
        "sliced_wasserstein.sliced_wasserstein_of_draw",
        {"swd": ("lower", f"sliced 2-Wasserstein distance, root mean square over {PROJECTIONS} projections")},
    ),
    "spectrum": Metric(
        "power_spectrum.spectral_distance_of_draw",
        {"spectrum": ("lower", "root mean square difference of the radial log power spectra in dB, over frequencies")},
        space="pixels",
    ),
    "speckle": Metric(
        "speckle.speckle_of_draw",
        {
            "speckle": (
                "lower",
                "1-Wasserstein distance between the images' speckle_* values in real standard deviations, mean of "
                "the three",
            ),
            "speckle_contrast": ("real", "standard deviation over mean in local windows, median, mean over the images"),
            "speckle_axial": (
                "real",
                "lag in pixels, along columns, where the local autocorrelation is 1/2, mean over the images",
            ),
            "speckle_lateral": (
                "real",
                "lag in pixels, along rows, where the local autocorrelation is 1/2, mean over the images",
            ),
        },
        space="pixels",
    ),
    "fid": Metric(
        "fid.fid_of_draw",
        {"fid": ("lower", "squared Frechet distance of the Gaussians with each set's mean and covariance")},
        space="features",
    ),
}
"""Every metric of random draws, in the order of tables."""

METRIC_NAMES = tuple(METRICS)

RESULTS = {
    key: Result(name, goal, definition)
    for name, metric in METRICS.items()
    for key, (goal, definition) in metric.results.items()
}
"""Every number that `evaluate_metrics` can yield, in the order of tables."""

TWO_SAMPLE = "two-sample"
"""The metric of `evaluation/two_sample`, which trains networks instead of drawing images."""


def shortfall(name: str, mean: float, floor: float | None) -> float:
    """How far a result is from what is wanted, so that smaller is better for every metric.

    Args:
        name: of `RESULTS`.
        mean: the result.
        floor: the estimate's; needed where the goal is the real set's own number.

    Raises:
        KeyError: no such result.
        ValueError: the floor is needed and None.
    """
    goal = RESULTS[name].goal
    if goal == "real":
        if floor is None:
            raise ValueError(f"{name} is better the nearer it is to the real set's number, which is missing")
        return abs(mean - floor)
    targets = {"lower": mean, "higher": -mean, "half": abs(mean - 0.5), "one": abs(mean - 1.0)}
    return targets[goal]
