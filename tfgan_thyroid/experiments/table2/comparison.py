"""Whether generated pairs help: every row against real scans alone, and a verdict in a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfgan_thyroid.experiments.bootstrap import SeedScores, bootstrap_difference, bootstrap_mean, group_scores
from tfgan_thyroid.experiments.significance import Interval
from tfgan_thyroid.experiments.table2.rows import Table2Row
from tfgan_thyroid.experiments.table2.table import unet_name

METRICS = ("dice", "iou")


@dataclass(frozen=True)
class RowResult:
    """A row with what its trainings gave."""

    row: Table2Row  # which
    seeds: list[int]  # that are done
    scores: dict[str, Interval]  # mean of each metric over images and seeds, with its interval
    by_seed: dict[int, float]  # Dice of each seed, mean over the images
    # Of each metric from real scans alone, paired by seed and group; None for that row itself, and where they share no
    # seed.
    difference: dict[str, Interval] | None
    # Likewise, of a row with conventional augmentation and generated pairs from conventional augmentation alone.
    over_conventional: dict[str, Interval] | None


def compare_rows(
    rows: Sequence[Table2Row], seeds: Mapping[Table2Row, int], results: Mapping[str, Any]
) -> list[RowResult]:
    """The rows that have results, in order."""
    done = {row: _by_seed(row, seeds[row], results) for row in rows}
    return [_row_result(row, done, results) for row in rows if done[row]]


def _by_seed(row: Table2Row, seeds: int, results: Mapping[str, Any]) -> dict[int, Any]:
    return {seed: results[unet_name(row, seed)] for seed in range(seeds) if unet_name(row, seed) in results}


def _row_result(row: Table2Row, done: Mapping[Table2Row, dict[int, Any]], results: Mapping[str, Any]) -> RowResult:
    own = done[row]
    conventional = Table2Row(row.real, 0, "conventional")
    combined = row.generated and row.augmentation == "conventional"
    return RowResult(
        row,
        list(own),
        {metric: bootstrap_mean(seed_scores(own, metric)) for metric in METRICS},
        {seed: result["image_mean"]["dice"] for seed, result in own.items()},
        _difference(own, done.get(row.baseline, {})) if row != row.baseline else None,
        _difference(own, done.get(conventional, {})) if combined else None,
    )


def seed_scores(by_seed: Mapping[int, Any], metric: str) -> SeedScores:
    """The scores of a metric by seed and group."""
    return {seed: group_scores(result["groups"], metric) for seed, result in by_seed.items()}


def _difference(own: Mapping[int, Any], other: Mapping[int, Any]) -> dict[str, Interval] | None:
    if not own.keys() & other.keys():
        return None
    return {metric: bootstrap_difference(seed_scores(own, metric), seed_scores(other, metric)) for metric in METRICS}


def outcome(difference: Interval) -> str:
    """A difference in a word or three: `gain`, `loss`, `no measurable gain`, or `one seed`, which says nothing."""
    return {None: "one seed", 1: "gain", -1: "loss", 0: "no measurable gain"}[difference.sign]


def verdict(results: Sequence[RowResult], all_real: int) -> str:
    """One sentence on whether generated pairs help, as far as the trainings go."""
    tried = [r for r in results if r.row.generated and r.row.augmentation == "none" and r.difference is not None]
    judged = [(r, r.difference["dice"]) for r in tried if r.difference and outcome(r.difference["dice"]) != "one seed"]
    if not judged:
        return "No verdict yet: no row with generated pairs has two seeds beside real scans alone."
    gains = [(r, d) for r, d in judged if outcome(d) == "gain"]
    losses = [(r, d) for r, d in judged if outcome(d) == "loss"]
    parts = []
    if gains:
        best, lead = max(gains, key=lambda pair: pair[1].mean)
        where = ", ".join(r.row.title(all_real) for r, _ in gains)
        parts.append(
            f"Generated pairs gave a measurable gain in Dice over real scans alone in {len(gains)} of {len(judged)} "
            f"rows ({where}), at most {lead.mean:+.4f} ({interval_text(lead)}) with {best.row.title(all_real)}"
        )
    else:
        _, lead = max(judged, key=lambda pair: pair[1].mean)
        parts.append(
            f"No measurable gain: in none of {len(judged)} rows does the 95 % interval of the gain in Dice from "
            f"generated pairs lie above zero; the largest is {lead.mean:+.4f} ({interval_text(lead)})"
        )
    if losses:
        parts.append(f"a measurable loss in {', '.join(r.row.title(all_real) for r, _ in losses)}")
    combined = [(r, r.over_conventional["dice"]) for r in results if r.over_conventional]
    combined = [(r, d) for r, d in combined if outcome(d) != "one seed"]
    if combined:
        helped = [r.row.title(all_real) for r, d in combined if outcome(d) == "gain"]
        text = f"a gain in {len(helped)} of {len(combined)}" if helped else f"no measurable gain in {len(combined)}"
        parts.append(f"on top of conventional augmentation, {text} rows")
    return "; ".join(parts) + "."


def interval_text(interval: Interval) -> str:
    """Its bounds in words."""
    return "one seed, no interval" if interval.sign is None else f"95 % interval {interval.bounds('+.4f')}"
