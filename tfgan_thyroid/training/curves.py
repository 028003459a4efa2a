"""Plots a run's losses and metrics to one PNG."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfgan_thyroid import atomic
from tfgan_thyroid.callbacks.board import headline
from tfgan_thyroid.runs.run_directory import RunDirectory, read_lines

# What a line of stats.jsonl holds beside losses and their terms, whatever the model.
OTHER_FIELDS = {"iteration", "images_per_second"}


def draw_curves(run: RunDirectory) -> Path:
    """Writes `curves.png`, the figure below, into the run's directory."""
    atomic.write_figure(run.curves, curves_figure(run))
    return run.curves


def curves_figure(run: RunDirectory) -> Figure:
    """Losses, their terms (penalties, L1, KL), MMD and 1-NN over the iterations.

    Args:
        run: whose `stats.jsonl` and `metrics.jsonl` are drawn.
    """
    stats, metrics = read_lines(run.stats_file), read_lines(run.metrics_file)
    figure = Figure(figsize=(12, 7), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True)
    names = headline(dict.fromkeys(name for line in stats for name in line if name not in OTHER_FIELDS))
    _draw_stats(panels[0, 0], stats, [name for name in names if name.endswith("_loss")], "losses")
    terms = [name for name in names if not name.endswith("_loss")]
    _draw_stats(panels[0, 1], stats, terms, "terms of the losses, unweighted")
    if terms:
        # A KL divergence in nats and an L1 distance of pixels are a thousand apart; none is negative.
        panels[0, 1].set_yscale("log", nonpositive="clip")
    _draw_metric(panels[1, 0], metrics, ("mmd",), "MMD (lower is better)")
    _draw_metric(panels[1, 1], metrics, ("1nn", "1nn_real", "1nn_generated"), "1-NN accuracy (0.5 is ideal)")
    panels[1, 1].axhline(0.5, color="grey", linewidth=0.8)
    for panel in panels[1]:
        panel.set_xlabel("iteration")
    return figure


def _draw_stats(axes: Axes, lines: list[dict], names: list[str], title: str) -> None:
    for name in names:
        points = [(line["iteration"], line[name]) for line in lines if name in line]
        if points:
            axes.plot(*zip(*points, strict=True), label=name, linewidth=0.9)
    _finish(axes, title)


def _draw_metric(axes: Axes, lines: list[dict], names: tuple[str, ...], title: str) -> None:
    for name in names:
        iterations = [line["iteration"] for line in lines if name in line]
        estimates = [line[name] for line in lines if name in line]
        means, spread = [e["mean"] for e in estimates], [e["std"] for e in estimates]
        axes.errorbar(iterations, means, spread, label=name, capsize=2, marker="o", markersize=3, linewidth=0.9)
        floors = [e["floor"] for e in estimates if e["floor"] is not None]
        if floors and name == names[0]:
            axes.axhline(floors[-1], color="grey", linestyle="--", linewidth=0.8, label="real against real")
    _finish(axes, title)


def _finish(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=10)
    axes.grid(alpha=0.3)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, frameon=False)
