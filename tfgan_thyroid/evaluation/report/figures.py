"""Figures of an evaluation, each drawn for a light page and for a dark one."""

import io
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfgan_thyroid.callbacks.image_grids import image_grid
from tfgan_thyroid.data.scans.files import encode_png
from tfgan_thyroid.metric_catalog import RESULTS
from tfgan_thyroid.metrics.estimate import Estimate
from tfgan_thyroid.metrics.power_spectrum import QUANTIZATION_POWER, radial_power_spectra
from tfgan_thyroid.metrics.speckle import speckle_statistics

REAL, GENERATED = "#0072b2", "#d55e00"  # Okabe and Ito's blue and vermilion, told apart by colour-blind eyes too
COLUMNS, ROWS = 8, 4
MEASURED_IMAGES = 500
"""Of each kind, for spectra and speckle in figures and the table."""

_INK = {"light": ("#24292f", "#ffffff"), "dark": ("#d7dde4", "#171b21")}


class Picture(NamedTuple):
    """A figure as PNG."""

    name: str  # of its file, without `.png`
    light: bytes  # on a light ground
    dark: bytes  # on a dark one; the same bytes where the figure is nothing but images
    alt: str  # what it shows, for readers who cannot see it
    caption: str  # for the report


def draw(name: str, make: Callable[[], Figure], alt: str, caption: str) -> Picture:
    """A chart in both themes."""
    renders = []
    for ink, ground in _INK.values():
        look: dict[Any, Any] = {"axes.spines.top": False, "axes.spines.right": False, "font.size": 9}
        look |= dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), ink)
        look |= dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), ground)
        with rc_context(look):
            file = io.BytesIO()
            make().savefig(file, dpi=120, metadata={"Software": None})
        renders.append(file.getvalue())
    return Picture(name, renders[0], renders[1], alt, caption)


def grid(name: str, images: np.ndarray, alt: str, caption: str, columns: int = COLUMNS) -> Picture:
    """Images side by side."""
    png = encode_png(image_grid(images, columns)[:, :, 0])
    return Picture(name, png, png, alt, caption)


def spread(images: np.ndarray, count: int = COLUMNS * ROWS) -> np.ndarray:
    """Images evenly spaced over a set, so that a grid shows more than its first patients."""
    picked = np.linspace(0, len(images) - 1, min(count, len(images))).round().astype(int)
    return images[picked]


def metrics_figure(estimates: dict[str, Estimate]) -> Picture:
    """Every draw of every metric, with what real images reach among themselves."""

    def make() -> Figure:
        columns = 4
        rows = -(-len(estimates) // columns)
        figure = Figure(figsize=(11, 1.75 * rows), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for panel, (name, estimate) in zip(panels, estimates.items(), strict=False):
            _draw_estimate(panel, name, estimate)
        for panel in panels[len(estimates) :]:
            panel.set_axis_off()
        return figure

    said = "; ".join(f"{name} {estimate.mean:.3g}" for name, estimate in estimates.items())
    return draw(
        "metrics",
        make,
        f"Strip charts of the metrics, one dot a draw. Means: {said}.",
        "One dot for each draw, the bar their mean; dashed: real against real (or the real images' own value); dotted: "
        "the ideal of accuracies and density.",
    )


def _draw_estimate(panel: Axes, name: str, estimate: Estimate) -> None:
    jitter = np.linspace(-0.2, 0.2, len(estimate.values))
    panel.scatter(estimate.values, jitter, s=18, color=GENERATED, alpha=0.7, linewidths=0)
    panel.plot([estimate.mean] * 2, [-0.4, 0.4], color=GENERATED, linewidth=2)
    if estimate.floor is not None:
        panel.axvline(estimate.floor, color=REAL, linestyle="--", linewidth=1.4)
    ideal = {"half": 0.5, "one": 1.0}.get(RESULTS[name].goal)
    if ideal is not None:
        panel.axvline(ideal, color="#8b949e", linestyle=":", linewidth=1.4)
    panel.set_title(name, loc="left", fontsize=9)
    panel.set_yticks([])
    panel.set_ylim(-0.6, 0.6)
    panel.margins(x=0.15)
    panel.spines["left"].set_visible(False)
    panel.locator_params(axis="x", nbins=5)


def spectrum_figure(real: np.ndarray, generated: np.ndarray) -> Picture:
    """Radial power spectra of both kinds, with the band that holds eight images in ten."""
    spectra = {
        "real": (radial_power_spectra(spread(real, MEASURED_IMAGES)), REAL),
        "generated": (radial_power_spectra(spread(generated, MEASURED_IMAGES)), GENERATED),
    }

    def make() -> Figure:
        figure = Figure(figsize=(11, 3.6), layout="constrained")
        level, difference = figure.subplots(1, 2, width_ratios=(3, 2))
        means = {}
        for name, (powers, colour) in spectra.items():
            decibels = 10 * np.log10(powers + QUANTIZATION_POWER)
            frequencies = np.arange(1, powers.shape[1] + 1)
            level.fill_between(frequencies, *np.percentile(decibels, [10, 90], axis=0), color=colour, alpha=0.18, lw=0)
            means[name] = 10 * np.log10(powers.mean(axis=0) + QUANTIZATION_POWER)
            level.plot(frequencies, means[name], color=colour, label=name)
        level.set_xscale("log")
        level.set_xlabel("cycles per image")
        level.set_ylabel("power, dB")
        level.legend(frameon=False)
        difference.plot(frequencies, means["generated"] - means["real"], color=GENERATED)
        difference.axhline(0, color=REAL, linestyle="--", linewidth=1.2)
        difference.set_xlabel("cycles per image")
        difference.set_ylabel("generated minus real, dB")
        return figure

    return draw(
        "spectrum",
        make,
        "Radial power spectra of real and generated images over spatial frequency, and their difference in decibels.",
        "Left: mean power by spatial frequency, bands hold eight images in ten. Right: what the generator has too much "
        "or too little of; a fall at the right is missing speckle, a peak is a checkerboard.",
    )


SPECKLE_NAMES = ("contrast ratio", "axial length, pixels", "lateral length, pixels")


def speckle_values(real: np.ndarray, generated: np.ndarray) -> dict[str, np.ndarray]:
    """Speckle statistics `[N, 3]` of up to 500 images of each kind."""
    sets = {"real": real, "generated": generated}
    return {name: speckle_statistics(spread(images, MEASURED_IMAGES)) for name, images in sets.items()}


def speckle_figure(values: dict[str, np.ndarray]) -> Picture:
    """How contrast and grain of the speckle spread over the images of both kinds."""

    def make() -> Figure:
        figure = Figure(figsize=(11, 2.8), layout="constrained")
        for column, panel in enumerate(figure.subplots(1, 3)):
            both = np.concatenate([statistics[:, column] for statistics in values.values()])
            top = both.max() if both.max() > both.min() else both.min() + 1.0
            bins = list(np.linspace(both.min(), top, 31))
            for (name, statistics), colour in zip(values.items(), (REAL, GENERATED), strict=True):
                panel.hist(statistics[:, column], bins, density=True, color=colour, alpha=0.5, label=name)
            panel.set_xlabel(SPECKLE_NAMES[column])
            panel.set_yticks([])
            panel.spines["left"].set_visible(False)
        panel.legend(frameon=False)
        return figure

    return draw(
        "speckle",
        make,
        "Histograms of speckle contrast and of axial and lateral correlation length, real and generated.",
        "Speckle of each image: contrast (standard deviation over mean in small windows) and grain (half width of the "
        "autocorrelation along depth and across it).",
    )
