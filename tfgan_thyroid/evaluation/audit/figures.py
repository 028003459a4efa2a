"""Figures of the memorisation audit."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfgan_thyroid.evaluation.audit.result import AuditResult, closest_pairs
from tfgan_thyroid.evaluation.report.figures import GENERATED, REAL, Picture, draw
from tfgan_thyroid.metrics.nearest_scans import aligned_window, margin

PAIRS = 8


def distances_figure(result: AuditResult) -> Picture:
    """Distances to the nearest training scan, of generated and of held-out images."""

    def make() -> Figure:
        figure = Figure(figsize=(11, 3), layout="constrained")
        plain, relative = figure.subplots(1, 2)
        pixels = result.spaces[0]
        _histograms(plain, result.held_out_matches.distance, result.matches.distance, pixels.percentile_distance)
        plain.axvline(result.thresholds.copy_grey_levels, color="#8b949e", linestyle=":")
        plain.set_xlabel("distance to the nearest training scan, grey levels")
        _histograms(relative, result.held_out_matches.relative, result.matches.relative, pixels.percentile_relative)
        relative.axvline(
            result.thresholds.near_copy_factor * pixels.percentile_relative, color="#8b949e", linestyle=":"
        )
        relative.set_xlabel("relative to the next 20 groups")
        figure.legend(*plain.get_legend_handles_labels(), loc="outside upper right", ncols=2, frameon=False)
        return figure

    return draw(
        "distances",
        make,
        "Histograms of the distance to the nearest training scan, of held-out and of generated images.",
        "A generator that repeats scans has a heap at the left. Dashed: the nearest percent of the unseen scans; "
        "dotted: what counts as a copy (left) and as a near copy (right). Smooth images lie nearer in plain distance; "
        "relative distance does not favour them.",
    )


def _histograms(panel: Axes, held_out: np.ndarray, generated: np.ndarray, percentile: float) -> None:
    top = max(held_out.max(), generated.max())
    bins = list(np.linspace(0, top * 1.02 or 1.0, 41))
    panel.hist(held_out, bins, density=True, color=REAL, alpha=0.5, label="unseen real scans")
    panel.hist(generated, bins, density=True, color=GENERATED, alpha=0.5, label="generated")
    panel.axvline(percentile, color=REAL, linestyle="--", linewidth=1.2)
    panel.set_yticks([])
    panel.spines["left"].set_visible(False)


def closest_pairs_figure(result: AuditResult, training: np.ndarray, generated: np.ndarray) -> Picture:
    """The generated images that stand out most, above their nearest training scans and the differences."""
    pairs = closest_pairs(result, PAIRS)
    m = margin(*generated.shape[1:3])

    def make() -> Figure:
        figure = Figure(figsize=(1.45 * len(pairs), 4.9), layout="constrained")
        panels = figure.subplots(3, len(pairs), squeeze=False)
        for column, index in zip(panels.T, pairs, strict=True):
            _draw_pair(column, result, int(index), training, generated[index][m:-m, m:-m, 0])
        for row, name in zip(panels, ("generated", "nearest training scan", "difference"), strict=True):
            row[0].set_ylabel(name)
        return figure

    nearest = result.matches.distance[pairs[0]]
    return draw(
        "closest_pairs",
        make,
        f"The {len(pairs)} generated images that stand out most, each above its nearest training scan and the "
        f"difference of both. The first lies {nearest:.1f} grey levels from its scan.",
        "Generated images that stand out most at one training scan, that scan (mirrored and shifted to fit) and the "
        "difference. Above each pair: their distance in grey levels and, in brackets, the relative one. Two scans of "
        "one patient look alike; a copy leaves no difference.",
    )


def _draw_pair(
    column: np.ndarray, result: AuditResult, index: int, training: np.ndarray, generated: np.ndarray
) -> None:
    matches = result.matches
    scan = training[matches.reference[index]]
    window = aligned_window(scan, bool(matches.flipped[index]), matches.shift[index])[:, :, 0]
    difference = generated.astype(int) - window
    for axes, image, limits, colours in (
        (column[0], generated, (0, 255), "gray"),
        (column[1], window, (0, 255), "gray"),
        (column[2], difference, (-128, 128), "RdBu"),
    ):
        axes.imshow(image, cmap=colours, vmin=limits[0], vmax=limits[1])
        axes.set_xticks([])
        axes.set_yticks([])
    mirrored = ", mirrored" if matches.flipped[index] else ""
    column[0].set_title(f"{matches.distance[index]:.1f} ({matches.relative[index]:.2f}{mirrored})", fontsize=8)
