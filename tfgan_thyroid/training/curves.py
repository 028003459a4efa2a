"""The course of a run as one picture, for whoever would rather look than open TensorBoard."""

import io
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfgan_thyroid import atomic
from tfgan_thyroid.run_directory import RunDirectory, read_lines

LOSSES = ("d_loss", "g_loss", "cd_loss", "e_loss")
TERMS = ("gp_image", "gp_code", "recon_l1")


def draw_curves(run: RunDirectory) -> Path:
    """Writes `curves.png`: losses, penalties and L1, MMD and 1-NN over the iterations.

    Args:
        run: whose `stats.jsonl` and `metrics.jsonl` are drawn.
    """
    stats, metrics = read_lines(run.stats_file), read_lines(run.metrics_file)
    figure = Figure(figsize=(12, 7), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True)
    _draw_stats(panels[0, 0], stats, LOSSES, "losses")
    _draw_stats(panels[0, 1], stats, TERMS, "gradient penalties and L1, unweighted")
    _draw_metric(panels[1, 0], metrics, ("mmd",), "MMD (lower is better)")
    _draw_metric(panels[1, 1], metrics, ("1nn", "1nn_real", "1nn_generated"), "1-NN accuracy (0.5 is ideal)")
    panels[1, 1].axhline(0.5, color="grey", linewidth=0.8)
    for panel in panels[1]:
        panel.set_xlabel("iteration")
    file = io.BytesIO()
    figure.savefig(file, dpi=100)
    path = run.path / "curves.png"
    atomic.write_bytes(path, file.getvalue())
    return path


def _draw_stats(axes: Axes, lines: list[dict], names: tuple[str, ...], title: str) -> None:
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
