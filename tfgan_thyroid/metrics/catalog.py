"""The metrics by name: what each result means and which way is better. Light: nothing but text."""

from typing import Literal, NamedTuple

Goal = Literal["lower", "higher", "half", "one", "real"]

SMALLEST_DRAW = 4
NEIGHBORS_PRECISION = 3
NEIGHBORS_DENSITY = 5


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


RESULTS = {
    "mmd": Result(
        "mmd",
        "lower",
        "sqrt of the biased squared MMD, Gaussian kernel, bandwidth from the mean real-real squared distance",
    ),
    "mmd-unbiased": Result(
        "mmd-unbiased",
        "lower",
        "unbiased squared MMD (may be negative), Gaussian kernel, bandwidth from the mean real-real squared distance",
    ),
    "1nn": Result("1nn", "half", "leave-one-out 1-nearest-neighbour accuracy on the pooled sets"),
    "1nn_real": Result("1nn", "half", "1nn among the real images"),
    "1nn_generated": Result("1nn", "half", "1nn among the generated images"),
    "ms-ssim": Result(
        "ms-ssim",
        "real",
        "mean multi-scale SSIM over all pairs of generated images; floor: of real ones; {scales}",
    ),
    "kid": Result("kid", "lower", "unbiased squared MMD (may be negative), kernel (x.y / F + 1)^3"),
    "precision": Result(
        "precision", "higher", f"generated images within a real image's ball, radius to neighbour {NEIGHBORS_PRECISION}"
    ),
    "recall": Result(
        "recall", "higher", f"real images within a generated image's ball, radius to neighbour {NEIGHBORS_PRECISION}"
    ),
    "density": Result(
        "density",
        "one",
        f"real balls (radius to neighbour {NEIGHBORS_DENSITY}) around a generated image, mean over {NEIGHBORS_DENSITY}",
    ),
    "coverage": Result(
        "coverage", "higher", f"real balls (radius to neighbour {NEIGHBORS_DENSITY}) with a generated image inside"
    ),
    "swd": Result("swd", "lower", "sliced 2-Wasserstein distance, root mean square over {projections} projections"),
    "spectrum": Result(
        "spectrum", "lower", "root mean square difference of the radial log power spectra in dB, over frequencies"
    ),
    "speckle": Result(
        "speckle",
        "lower",
        "1-Wasserstein distance between the images' speckle_* values in real standard deviations, mean of the three",
    ),
    "speckle_contrast": Result(
        "speckle", "real", "standard deviation over mean in local windows, median, mean over the images"
    ),
    "speckle_axial": Result(
        "speckle", "real", "lag in pixels, along columns, where the local autocorrelation is 1/2, mean over the images"
    ),
    "speckle_lateral": Result(
        "speckle", "real", "lag in pixels, along rows, where the local autocorrelation is 1/2, mean over the images"
    ),
}
"""Every number that `evaluate_metrics` can yield, in the order of tables. Braces are filled in by it."""

METRIC_NAMES = tuple(dict.fromkeys(result.metric for result in RESULTS.values()))


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
