"""The quality of generated pairs as JSON, Markdown and a picture."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfgan_thyroid import atomic
from tfgan_thyroid.evaluation.pairs.quality import DEFINITIONS
from tfgan_thyroid.metrics.mask_shape import MaskShape, mask_shapes
from tfgan_thyroid.segmentation.examples import SegmentationExamples

REAL, GENERATED = "#0072B2", "#E69F00"  # Okabe & Ito (2008)
SHOWN = 8


def write_pair_report(
    output: Path,
    real: SegmentationExamples,
    generated: SegmentationExamples,
    shapes: Mapping[str, Any],
    dice: Mapping[str, float | None] | None,
) -> str:
    """Writes `pairs.json`, `pairs.md` and `pairs.png`; returns the Markdown."""
    output.mkdir(parents=True, exist_ok=True)
    counts = {"real": len(real), "generated": len(generated)}
    record = {"pairs": counts, "shapes": dict(shapes), "dice": dice and dict(dice), "definitions": DEFINITIONS}
    markdown = _markdown(counts, shapes, dice)
    atomic.write_json(output / "pairs.json", record)
    atomic.write_text(output / "pairs.md", markdown)
    atomic.write_figure(output / "pairs.png", draw_pairs(real, generated))
    return markdown


def _markdown(counts: Mapping[str, int], shapes: Mapping[str, Any], dice: Mapping[str, float | None] | None) -> str:
    lines = ["# Pairs", "", f"{counts['real']} real pairs, {counts['generated']} generated ones.", ""]
    lines += ["| mask | real | generated | Kolmogorov-Smirnov | Wasserstein |", "|---|---|---|---|---|"]
    for name in MaskShape._fields:
        row = shapes[name]
        cells = [_spread(row["real"]), _spread(row["generated"])]
        cells += [_number(row[key]) for key in ("kolmogorov_smirnov", "wasserstein")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += [f"| empty | {shapes['empty']['real']:.3f} | {shapes['empty']['generated']:.3f} | | |", ""]
    if dice is not None:
        lines += ["| U-Net trained on | tested on | Dice |", "|---|---|---|"]
        words = {name: "-" if value is None else f"{value:.4f}" for name, value in dice.items()}
        lines += [f"| real | generated | {words['real_to_generated']} |"]
        lines += [f"| generated | real | {words['generated_to_real']} |", ""]
    return "\n".join([*lines, "![Pairs, and how their masks are distributed](pairs.png)", ""])


def _spread(values: Mapping[str, float | None]) -> str:
    mean, std = values["mean"], values["std"]
    return "-" if mean is None or std is None else f"{mean:.3f} +- {std:.3f}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def draw_pairs(real: SegmentationExamples, generated: SegmentationExamples) -> Figure:
    """Some pairs of both kinds with their outlines, above the distributions of their masks: a PNG picture."""
    figure = Figure(figsize=(13, 7.2), layout="constrained")
    halves: Any = figure.subfigures(2, 1, height_ratios=[1.2, 1])
    pictures, curves = halves
    grid = pictures.subplots(2, SHOWN)
    kinds = (("real", real, REAL), ("generated", generated, GENERATED))
    for row, (name, examples, colour) in zip(grid, kinds, strict=True):
        row[0].set_title(name, loc="left", fontsize=9, color=colour)
        places = np.linspace(0, len(examples) - 1, min(SHOWN, len(examples))).astype(int)
        for axes in row:
            axes.set_axis_off()
        for axes, place in zip(row, places, strict=False):
            _draw_pair(axes, examples.images[place, ..., 0], examples.masks[place, ..., 0], colour)
    shapes = [(name, mask_shapes(examples.masks[..., 0]), colour) for name, examples, colour in kinds]
    for axes, attribute in zip(curves.subplots(1, len(MaskShape._fields)), MaskShape._fields, strict=True):
        _draw_distribution(axes, attribute, [(name, values[attribute], colour) for name, values, colour in shapes])
    return figure


def _draw_pair(axes: Axes, image: np.ndarray, mask: np.ndarray, colour: str) -> None:
    axes.imshow(image, cmap="gray", vmin=0, vmax=255)
    if mask.any() and not mask.all():
        axes.contour(mask.astype(float), levels=[0.5], colors=[colour], linewidths=1.2)


def _draw_distribution(axes: Axes, attribute: str, kinds: list[tuple[str, np.ndarray, str]]) -> None:
    values = [np.sort(found[~np.isnan(found)]) for _, found, _ in kinds]
    for (name, _, colour), found in zip(kinds, values, strict=True):
        if len(found):
            axes.step(found, np.arange(1, len(found) + 1) / len(found), where="post", color=colour, label=name)
    axes.set_title(attribute, loc="left", fontsize=9)
    axes.set_ylim(0, 1.02)
    axes.tick_params(labelsize=7)
    axes.grid(alpha=0.3)
    if attribute == MaskShape._fields[0]:
        axes.set_ylabel("share of masks below", fontsize=8)
        axes.legend(fontsize=7, frameon=False)
