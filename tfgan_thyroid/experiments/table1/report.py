"""Table I as Markdown, JSON and a picture, beside the paper's numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfgan_thyroid import atomic
from tfgan_thyroid.experiments.significance import PairedTest, mean_interval, paired_test
from tfgan_thyroid.experiments.table1.rows import METRICS, PAPER_REAL_MS_SSIM, Table1Row
from tfgan_thyroid.experiments.table1.table import cell_name, estimates_of
from tfgan_thyroid.metrics.estimate import Estimate

TITLES = {"mmd": "MMD", "1nn": "1-NN", "ms-ssim": "MS-SSIM"}
IDEALS = {"mmd": "lower is better", "1nn": "0.5 is ideal", "ms-ssim": "the real scans' value is ideal"}


def write_table1(
    rows: Sequence[Table1Row], seeds: int, results: dict[str, Any], facts: dict[str, Any], output: Path
) -> str:
    """Writes `table1.md`, `table1.json` and `table1.png` from the trainings that are done; returns the Markdown."""
    done = {row: _by_seed(row, seeds, results) for row in rows}
    done = {row: estimates for row, estimates in done.items() if estimates}
    leads = {metric: _leads(done, metric) for metric in METRICS}
    minutes = {row: _minutes(row, done[row], results) for row in done}
    markdown = _markdown(done, leads, minutes, facts)
    record = {"facts": facts, "rows": [_json_row(row, done[row], minutes[row]) for row in done]}
    record["leads"] = {
        m: {name: test._asdict() | {"real": test.real} for name, test in leads[m].items()} for m in leads
    }
    atomic.write_text(output / "table1.md", markdown)
    atomic.write_json(output / "table1.json", record)
    atomic.write_figure(output / "table1.png", _picture(done))
    return markdown


def error(metric: str, estimate: Estimate) -> float:
    """How far a value is from the ideal, lower is better: MMD itself, |1-NN - 0.5|, |MS-SSIM - the real scans'|."""
    if metric == "mmd":
        return estimate.mean
    ideal = 0.5 if metric == "1nn" else estimate.floor
    return abs(estimate.mean - (ideal or 0.0))


_BySeed = dict[int, dict[str, Estimate]]


def _by_seed(row: Table1Row, seeds: int, results: dict[str, Any]) -> _BySeed:
    names = {seed: cell_name(row, seed) for seed in range(seeds)}
    return {seed: estimates_of(results[name], row) for seed, name in names.items() if name in results}


def _minutes(row: Table1Row, by_seed: _BySeed, results: dict[str, Any]) -> float:
    return sum(results[cell_name(row, seed)]["seconds"] for seed in by_seed) / len(by_seed) / 60.0


def _leads(done: dict[Table1Row, _BySeed], metric: str) -> dict[str, PairedTest]:
    """The leader by mean error against each other row: leader minus the other."""
    errors = {row: {seed: error(metric, e[metric]) for seed, e in by_seed.items()} for row, by_seed in done.items()}
    if not errors:
        return {}
    leader = min(errors, key=lambda row: sum(errors[row].values()) / len(errors[row]))
    return {
        f"{leader.name} against {row.name}": paired_test(errors[leader], errors[row])
        for row in errors
        if row is not leader and errors[row].keys() & errors[leader].keys()
    }


def _json_row(row: Table1Row, by_seed: _BySeed, minutes: float) -> dict[str, Any]:
    metrics = {}
    for metric in METRICS:
        values = {seed: estimates[metric].mean for seed, estimates in by_seed.items()}
        metrics[metric] = mean_interval(list(values.values()))._asdict() | {"by_seed": values}
        metrics[metric]["floor"] = next(iter(by_seed.values()))[metric].floor
    paper = dict(zip(METRICS, row.paper, strict=True)) if row.paper else None
    return {"name": row.name, "title": row.title, "weights": row.weights, "minutes": minutes, "paper": paper, **metrics}


def _markdown(
    done: dict[Table1Row, _BySeed],
    leads: dict[str, dict[str, PairedTest]],
    minutes: dict[Table1Row, float],
    facts: dict[str, Any],
) -> str:
    lines = ["# Table I", "", "; ".join(f"{name}: {value}" for name, value in facts.items()) + ".", ""]
    lines.append("Mean over the seeds +- standard deviation over the seeds; in brackets what the paper reports at 256")
    lines += ["pixels on its own data. The last row is real against real, or the real scans alone (MS-SSIM).", ""]
    lines += ["| system | MMD | 1-NN | MS-SSIM | seeds | minutes each |", "|---|---|---|---|---|---|"]
    for row, by_seed in done.items():
        cells = [_cell(metric, row, by_seed) for metric in METRICS]
        lines.append(f"| {row.title} | {' | '.join(cells)} | {len(by_seed)} | {minutes[row]:.1f} |")
    if done:
        floors = next(iter(next(iter(done.values())).values()))
        cells = ["-" if floors[m].floor is None else f"{floors[m].floor:.4f}" for m in METRICS]
        cells[-1] += f" ({PAPER_REAL_MS_SSIM:.4f})"
        lines.append(f"| real scans | {' | '.join(cells)} | | |")
    lines += ["", "![Every seed of every row](table1.png)", ""]
    for metric, tests in leads.items():
        lines += [f"**{TITLES[metric]}** ({IDEALS[metric]}), the leader against each other row, paired over seeds:", ""]
        lines += [f"- {_sentence(name, test)}" for name, test in tests.items()] + [""]
    return "\n".join(lines)


def _cell(metric: str, row: Table1Row, by_seed: _BySeed) -> str:
    values = [estimates[metric].mean for estimates in by_seed.values()]
    mean = sum(values) / len(values)
    spread = (sum((v - mean) ** 2 for v in values) / (len(values) - 1)) ** 0.5 if len(values) > 1 else None
    text = f"{mean:.4f}" if spread is None else f"{mean:.4f} +- {spread:.4f}"
    return text if row.paper is None else f"{text} ({row.paper[METRICS.index(metric)]:.4f})"


def _sentence(name: str, test: PairedTest) -> str:
    lead = test.difference
    if test.p_value is None or lead.low is None or lead.high is None:
        return f"{name}: ahead by {-lead.mean:.4f} with one seed, which says nothing about chance"
    verdict = "a real lead" if test.real else "no lead that could not be chance"
    interval = f"95 % interval {-lead.high:.4f} to {-lead.low:.4f}"
    return f"{name}: ahead by {-lead.mean:.4f} ({interval}, p = {test.p_value:.3f}, {test.pairs} seeds): {verdict}"


def _picture(done: dict[Table1Row, _BySeed]) -> Figure:
    figure = Figure(figsize=(13, 1.6 + 0.42 * max(len(done), 1)), layout="constrained")
    for axes, metric in zip(figure.subplots(1, len(METRICS), sharey=True), METRICS, strict=True):
        _draw_metric(axes, done, metric)
    figure.supxlabel("dots: seeds, bar: mean, cross: the paper, dashed: ideal", fontsize=8)
    return figure


def _draw_metric(axes: Axes, done: dict[Table1Row, _BySeed], metric: str) -> None:
    for place, (row, by_seed) in enumerate(done.items()):
        values = [estimates[metric].mean for estimates in by_seed.values()]
        axes.plot(values, [place] * len(values), "o", color="#0072B2", markersize=5, alpha=0.7)
        axes.plot([sum(values) / len(values)], [place], "|", color="black", markersize=16)
        if row.paper is not None:
            axes.plot([row.paper[METRICS.index(metric)]], [place], "x", color="#D55E00", markersize=6)
    ideal = 0.5 if metric == "1nn" else None
    if ideal is None and done:
        ideal = next(iter(next(iter(done.values())).values()))[metric].floor
    if ideal is not None:
        axes.axvline(ideal, color="grey", linestyle="--", linewidth=0.9)
    axes.set_title(f"{TITLES[metric]} ({IDEALS[metric]})", loc="left", fontsize=9)
    axes.set_yticks(range(len(done)), [row.title for row in done])
    axes.set_ylim(max(len(done), 1) - 0.5, -0.5)
    axes.grid(alpha=0.3, axis="x")
