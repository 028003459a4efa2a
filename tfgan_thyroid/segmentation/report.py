"""What a scored U-Net leaves in its run directory: `scores.csv`, `summary.json` and `overlays.png`."""

import csv
import io
import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from tfgan_thyroid import atomic
from tfgan_thyroid.segmentation.examples import SegmentationExamples
from tfgan_thyroid.segmentation.overlays import FALSE_NEGATIVE, FALSE_POSITIVE, TRUE_POSITIVE, overlay
from tfgan_thyroid.segmentation.scores import DEFINITIONS, METRICS, ImageScores, SegmentationScores

FOREGROUND = "1"
"""The foreground's label, as nnU-Net writes labels."""

OVERLAYS = 24
OVERLAY_COLUMNS = 6


def write_report(
    directory: Path, examples: SegmentationExamples, predicted: np.ndarray, scores: SegmentationScores
) -> None:
    """Writes the three files, each whole or not at all."""
    atomic.write_text(directory / "scores.csv", scores_csv(scores))
    atomic.write_json(directory / "summary.json", summary(scores), 2)
    atomic.write_figure(directory / "overlays.png", draw_overlays(examples, predicted, scores), 130)


def scores_csv(scores: SegmentationScores) -> str:
    """One row for each image, an empty cell where a distance does not exist."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    counts = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    writer.writerow(["source_id", "group_id", *METRICS, *counts])
    for image in scores.images:
        values = [image.value(metric) for metric in METRICS]
        cells = ["" if math.isnan(value) else repr(value) for value in values]
        writer.writerow([image.source_id, image.group_id, *cells, *image.counts])
    return file.getvalue()


def summary(scores: SegmentationScores) -> dict[str, object]:
    """The scores in the shape of nnU-Net's `summary.json`, and beside it what else there is to know.

    `metric_per_case`, `mean` and `foreground_mean` are nnU-Net's keys; a case's files are named by the image's hash.
    """
    cases = [_case(image) for image in scores.images]
    names = list(cases[0]["metrics"][FOREGROUND])
    values = {name: [case["metrics"][FOREGROUND][name] for case in cases] for name in names}
    mean = {name: _mean_of(values[name]) if scores.scored else None for name in names}
    groups = {
        group_id: {"n": len(group.images), **_json_numbers(group.image_mean())}
        for group_id, group in scores.by_group().items()
    }
    return {
        "foreground_mean": mean,
        "mean": {FOREGROUND: mean},
        "metric_per_case": cases,
        "image_mean": _json_numbers(scores.image_mean()),
        "pooled": _json_numbers(scores.pooled()),
        "class_mean": _json_numbers(scores.class_mean()),
        "groups": groups,
        "images": len(scores.images),
        "images_without_distance": scores.without_distance(),
        "definitions": DEFINITIONS,
    }


def _case(image: ImageScores) -> dict:
    tp, fp, fn, tn = image.counts
    overlap = {"Dice": image.counts.dice, "IoU": image.counts.iou}
    rates = {"Precision": image.counts.precision, "Recall": image.counts.recall}
    distances = {"HD95": image.hausdorff_95, "ASD": image.average_surface_distance}
    pixels = {"TP": tp, "FP": fp, "FN": fn, "TN": tn, "n_pred": tp + fp, "n_ref": tp + fn}
    metrics = {**overlap, **rates, **_json_numbers(distances), **pixels}
    return {
        "metrics": {FOREGROUND: metrics},
        "prediction_file": image.source_id,
        "reference_file": image.source_id,
        "group": image.group_id,
    }


def _mean_of(values: list[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return float(np.mean(there)) if there else None


def _json_numbers(values: dict[str, float]) -> dict[str, float | None]:
    """NaN, which JSON does not know, becomes null."""
    return {name: None if math.isnan(value) else value for name, value in values.items()}


def draw_overlays(examples: SegmentationExamples, predicted: np.ndarray, scores: SegmentationScores) -> Figure:
    """The images with the lowest Dice as a PNG picture, the worst first, each titled with its scores."""
    worst = np.argsort(scores.values("dice"), kind="stable")[:OVERLAYS]
    columns = min(OVERLAY_COLUMNS, len(worst))
    rows = math.ceil(len(worst) / columns)
    figure = Figure(figsize=(2.2 * max(columns, 3), 2.4 * rows + 0.9), layout="constrained")
    for axes in (panels := figure.subplots(rows, columns, squeeze=False)).flat:
        axes.set_axis_off()
    for axes, place in zip(panels.flat, worst, strict=False):
        axes.imshow(overlay(examples.images[place, ..., 0], examples.masks[place, ..., 0], predicted[place]))
        image = scores.images[place]
        distance = "-" if math.isnan(image.hausdorff_95) else f"{image.hausdorff_95:.1f} px"
        axes.set_title(f"Dice {image.counts.dice:.3f}, HD95 {distance}", fontsize=7)
    kinds = {
        "true positive: found": TRUE_POSITIVE,
        "false positive: found where nothing is": FALSE_POSITIVE,
        "false negative: missed": FALSE_NEGATIVE,
    }
    patches = [Patch(color=f"#{bytes(colour).hex()}", label=name) for name, colour in kinds.items()]
    figure.legend(handles=patches, loc="outside lower center", ncols=len(patches), fontsize=8, frameon=False)
    figure.suptitle(f"{len(worst)} of {len(scores.images)} test images, the worst first", fontsize=9)
    return figure
