"""Table II as Markdown, JSON and a picture, beside the paper's numbers."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfgan_thyroid import atomic
from tfgan_thyroid.experiments.significance import Interval
from tfgan_thyroid.experiments.table2.comparison import RowResult, compare_rows, interval_text, outcome, verdict
from tfgan_thyroid.experiments.table2.rows import PAPER
from tfgan_thyroid.experiments.table2.table import Table2Plan, gan_name

METHOD = (
    "Dice and mIoU are means over the test images of the foreground's score. In brackets: 95 % intervals by a "
    "bootstrap over groups of scans (patients, acquisitions) and seeds, crossed, 10,000 resamples, levels widened for "
    "few of them; differences are paired, by seed and group, with the row of the same labelled scans alone. A gain or "
    "a loss is one whose interval excludes zero, each judged by itself: of many rows without any effect one in twenty "
    "would show one. A generator is trained for each labelled subset and seed, on that subset alone."
)


def write_table2(plan: Table2Plan, results: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    """Writes `table2.md`, `table2.json` and `table2.png` of the trainings that are done; returns the Markdown."""
    seeds = {row: plan.protocol.seeds_of(row) for row in plan.rows}
    done = compare_rows(plan.rows, seeds, results)
    pairs = _pair_quality(plan, results)
    planned = sum(seeds.values())
    trained = sum(len(result.seeds) for result in done)
    progress = f"{trained} of {planned} U-Nets" + ("" if trained == planned else ": the table is not complete")
    sentence = verdict(done, plan.all_real)
    markdown = _markdown(done, plan, facts, progress, sentence, pairs)
    record = {
        "facts": dict(facts),
        "progress": progress,
        "verdict": sentence,
        "left_out": plan.left_out,
        "rows": [_json_row(result, plan.all_real) for result in done],
        "pairs": pairs,
    }
    atomic.write_text(plan.output / "table2.md", markdown)
    atomic.write_json(plan.output / "table2.json", record)
    atomic.write_figure(plan.output / "table2.png", _picture(done, plan.all_real))
    return markdown


def _markdown(
    done: Sequence[RowResult],
    plan: Table2Plan,
    facts: Mapping[str, Any],
    progress: str,
    sentence: str,
    pairs: Mapping[str, Any],
) -> str:
    lines = ["# Table II", "", f"**{sentence}**", ""]
    lines += ["; ".join(f"{name}: {value}" for name, value in facts.items()) + f". {progress}.", ""]
    lines += [f"{reason[0].upper()}{reason[1:]}." for reason in plan.left_out] + [""] * bool(plan.left_out)
    lines += ["| learnt from | Dice | mIoU | Dice against real alone | | seeds | paper: Dice, mIoU |"]
    lines += ["|---|---|---|---|---|---|---|"]
    lines += [_line(result, plan.all_real) for result in done]
    lines += ["", METHOD, "", "![Rows with their intervals](table2.png)", ""]
    combined = [result for result in done if result.over_conventional]
    if combined:
        lines += ["Generated pairs on top of conventional augmentation, against conventional augmentation alone:", ""]
        for result in combined:
            gain = (result.over_conventional or {})["dice"]
            lines.append(f"- {result.row.title(plan.all_real)}: {gain.mean:+.4f} ({_judged(gain)})")
        lines.append("")
    if pairs:
        lines += _pair_lines(pairs)
    return "\n".join(lines)


def _line(result: RowResult, all_real: int) -> str:
    row, scores = result.row, result.scores
    cells = [row.title(all_real), scores["dice"].text(".4f"), scores["iou"].text(".4f")]
    gain = result.difference["dice"] if result.difference else None
    cells += [gain.text("+.4f"), outcome(gain)] if gain else ["", ""]
    cells += [str(len(result.seeds)), f"{row.paper[1]:.4f}, {row.paper[0]:.4f}" if row.paper else ""]
    return f"| {' | '.join(cells)} |"


def _judged(gain: Interval) -> str:
    return interval_text(gain) if outcome(gain) == "one seed" else f"{interval_text(gain)}: {outcome(gain)}"


def _json_row(result: RowResult, all_real: int) -> dict[str, Any]:
    def plain(intervals: Mapping[str, Interval] | None) -> dict[str, Any] | None:
        return {name: interval._asdict() for name, interval in intervals.items()} if intervals else None

    row = result.row
    return {
        "name": row.name,
        "title": row.title(all_real),
        **dataclasses.asdict(row),
        "paper": {"iou": row.paper[0], "dice": row.paper[1]} if row.paper else None,
        **(plain(result.scores) or {}),
        "dice_by_seed": result.by_seed,
        "difference": plain(result.difference),
        "outcome": outcome(result.difference["dice"]) if result.difference else None,
        "over_conventional": plain(result.over_conventional),
    }


def _pair_quality(plan: Table2Plan, results: Mapping[str, Any]) -> dict[str, Any]:
    """Of each labelled subset, the shape statistics of its generators' pairs: means over the seeds."""
    quality: dict[str, Any] = {}
    for row in plan.rows:
        names = [gan_name(row, seed) for seed in range(plan.protocol.seeds_of(row))] if row.generated else []
        found = [results[name]["quality"] for name in names if name in results]
        if found:
            quality[row.subset] = {"generators": len(found), **{name: _mean(found, name) for name in found[0]}}
    return quality


def _mean(found: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    def mean(values: list) -> float | None:
        there = [value for value in values if value is not None]
        return sum(there) / len(there) if there else None

    if name == "empty":
        return {kind: mean([quality[name][kind] for quality in found]) for kind in ("real", "generated")}
    kinds = {
        kind: {key: mean([quality[name][kind][key] for quality in found]) for key in ("mean", "std")}
        for kind in ("real", "generated")
    }
    distances = ("kolmogorov_smirnov", "wasserstein")
    return {**kinds, **{key: mean([quality[name][key] for quality in found]) for key in distances}}


def _pair_lines(pairs: Mapping[str, Any]) -> list[str]:
    lines = ["Masks of generated pairs (right of each slash) and of the labelled scans that their generators saw, mean"]
    lines += ["over the generators; in brackets the Kolmogorov-Smirnov distance of both, 0 to 1:", ""]
    names = [name for name in next(iter(pairs.values())) if name not in ("generators", "empty")]
    lines += [f"| labelled scans | {' | '.join(names)} | empty | generators |", "|---" * (len(names) + 3) + "|"]
    for subset, quality in pairs.items():
        cells = [subset]
        for name in names:
            real, generated = quality[name]["real"]["mean"], quality[name]["generated"]["mean"]
            distance = quality[name]["kolmogorov_smirnov"]
            known = None not in (real, generated, distance)
            cells.append(f"{real:.3f} / {generated:.3f} ({distance:.2f})" if known else "-")
        cells += [f"{quality['empty']['real']:.2f} / {quality['empty']['generated']:.2f}", str(quality["generators"])]
        lines.append(f"| {' | '.join(cells)} |")
    return lines + [""]


def _picture(done: Sequence[RowResult], all_real: int) -> Figure:
    figure = Figure(figsize=(12, 1.8 + 0.34 * max(len(done), 1)), layout="constrained")
    scores, gains = figure.subplots(1, 2, sharey=True)
    for place, result in enumerate(done):
        values = list(result.by_seed.values())
        scores.plot(values, [place] * len(values), "o", color="#56B4E9", markersize=4, alpha=0.8)
        _bar(scores, result.scores["dice"], place, "black")
        if result.difference:
            gain = result.difference["dice"]
            colours = {"gain": "#009E73", "loss": "#D55E00"}
            _bar(gains, gain, place, colours.get(outcome(gain), "#0072B2"))
        if result.row.paper and result.row.generated:
            gains.plot([result.row.paper[1] - PAPER[0][1]], [place], "x", color="#CC79A7", markersize=6)
    scores.set_title("Dice: mean, 95 % interval, seeds", loc="left", fontsize=9)
    gains.set_title("Dice against real scans alone; cross: the paper", loc="left", fontsize=9)
    gains.axvline(0.0, color="grey", linestyle="--", linewidth=0.9)
    scores.set_yticks(range(len(done)), [result.row.title(all_real) for result in done], fontsize=8)
    scores.set_ylim(max(len(done), 1) - 0.5, -0.5)
    for axes in (scores, gains):
        axes.grid(alpha=0.3, axis="x")
        axes.tick_params(labelsize=8)
    figure.supxlabel("green: gain, orange: loss, blue: the interval includes zero or one seed has none", fontsize=8)
    return figure


def _bar(axes: Axes, interval: Interval, place: int, colour: str) -> None:
    if interval.low is not None and interval.high is not None:
        axes.plot([interval.low, interval.high], [place, place], "-", color=colour, linewidth=1.6)
    axes.plot([interval.mean], [place], "D", color=colour, markersize=4)
