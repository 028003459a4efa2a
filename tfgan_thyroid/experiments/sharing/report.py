"""The sharing experiment as Markdown, JSON and a picture: a table by number of labels, a sentence for each arm."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from tfgan_thyroid import atomic
from tfgan_thyroid.experiments.sharing.arms import ARMS
from tfgan_thyroid.experiments.sharing.cells import SharingProtocol
from tfgan_thyroid.experiments.sharing.comparison import GENERATED, Outcome, compare_arms, judged
from tfgan_thyroid.experiments.significance import Interval

GOAL = 0.03
METHOD = (
    "Dice is the mean over the recipient's test scans. In brackets: 95 % intervals by a bootstrap over {ways}, "
    "crossed, 10,000 resamples, levels widened for few of them; differences are paired. Each is judged by itself: of "
    "many arms without any effect one in twenty would show one. The best alternative is chosen by its mean on the same "
    "test scans, which favours it. Own labels are one frame each of different patients. S and S-pairs are two forms of "
    "one offer and no alternatives to each other."
)


def write_sharing(protocol: SharingProtocol, results: Mapping[str, Any], facts: Mapping[str, Any], output: Path) -> str:
    """Writes `sharing.md`, `sharing.json` and `sharing.png` from the results that are there; returns the Markdown."""
    tables = compare_arms(protocol, results)
    minutes = sum(result.get("seconds", 0.0) for result in results.values()) / 60.0
    facts = {**facts, "minutes so far": round(minutes)}
    sentences = {count: [sentence(outcome, count) for outcome in table] for count, table in tables.items()}
    senders = len(protocol.senders)
    ways = "senders, draws and test patients" if senders > 1 else "draws and test patients, for this sender"
    lines = ["# Sharing a generator", "", f"**{goal(tables.get(min(protocol.labels), []))}**", ""]
    lines += ["; ".join(f"{name}: {value}" for name, value in facts.items()) + ".", ""]
    for count, table in tables.items():
        lines += [f"## {count} own labels", "", "| arm | learnt from | Dice | against own labels | against the best "]
        lines[-1] += "alternative | draws |"
        lines += ["|---|---|---|---|---|---|", *(_line(outcome) for outcome in table), ""]
        lines += [*(f"- {words}" for words in sentences[count]), ""]
    lines += [METHOD.format(ways=ways), "", "![Dice against own labels](sharing.png)", ""]
    record = {
        "facts": facts,
        "goal": goal(tables.get(min(protocol.labels), [])),
        "tables": {count: [_record(outcome) for outcome in table] for count, table in tables.items()},
        "sentences": sentences,
    }
    markdown = "\n".join(lines)
    atomic.write_text(output / "sharing.md", markdown)
    atomic.write_json(output / "sharing.json", record)
    atomic.write_figure(output / "sharing.png", _picture(tables))
    return markdown


def goal(table: list[Outcome]) -> str:
    """Whether the better form of shared generated images reached what was asked of it."""
    forms = [o for o in table if o.arm in GENERATED and o.labels and o.over_own is not None]
    if not forms:
        return "Not decided yet: arms A and S are missing"
    best = max(forms, key=lambda outcome: outcome.dice.mean)
    assert best.over_own is not None
    gain, labels = best.over_own, best.labels
    if gain.low is None:
        return f"Not decided: {best.arm} lies {gain.mean:+.3f} from {labels} own labels alone, by one draw"
    met = gain.mean >= GOAL and gain.low > 0.0
    words = f"{best.arm} lies {gain.text('+.3f')} over {labels} own labels alone; asked: +{GOAL:g}, interval above zero"
    return f"Goal {'met' if met else 'not met'}: {words}"


def sentence(outcome: Outcome, count: int) -> str:
    """The verdict on an arm."""
    words = f"**{outcome.name}**: Dice {outcome.dice.mean:.3f}"
    if not ARMS[outcome.arm].shared:
        return f"{words}, what labelling everything would reach."
    if outcome.over_own is not None:
        words += f", {outcome.over_own.text('+.3f')} against {count} own labels alone: {judged(outcome.over_own)}"
    if outcome.instead is not None and outcome.over_instead is not None:
        words += f"; {outcome.over_instead.text('+.3f')} against {outcome.instead[0]}, the best of what could be sent "
        words += f"or done instead: {judged(outcome.over_instead, 'better', 'worse')}"
    return f"{words}."


def _line(outcome: Outcome) -> str:
    own, instead = outcome.over_own, outcome.over_instead
    cells = [outcome.name, ARMS[outcome.arm].title, outcome.dice.text(".3f"), own.text("+.3f") if own else ""]
    cells.append(f"{instead.text('+.3f')}, {outcome.instead[0]}" if instead and outcome.instead else "")
    return f"| {' | '.join([*cells, str(outcome.draws)])} |"


def _record(outcome: Outcome) -> dict[str, Any]:
    fields = {field.name: getattr(outcome, field.name) for field in dataclasses.fields(outcome)}
    plain = {name: value._asdict() if isinstance(value, Interval) else value for name, value in fields.items()}
    return {"name": outcome.name, **plain}


def _picture(tables: Mapping[int, list[Outcome]]) -> Figure:
    """Dice against own labels: a line for each arm, a dashed one where an arm needs no labels."""
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    shown: dict[str, list[Outcome]] = {}
    for outcome in {(o.arm, o.labels): o for table in tables.values() for o in table}.values():
        shown.setdefault(outcome.name, []).append(outcome)
    for place, (name, outcomes) in enumerate(shown.items()):
        colour = f"C{place % 10}"
        if not outcomes[0].labels:
            axes.axhline(outcomes[0].dice.mean, color=colour, linestyle="--", linewidth=1, label=name)
            continue
        outcomes.sort(key=lambda outcome: outcome.labels)
        at = [outcome.labels * (1 + 0.015 * (place - len(shown) / 2)) for outcome in outcomes]
        means = [outcome.dice.mean for outcome in outcomes]
        ends = [
            [o.dice.mean if end is None else end for o in outcomes for end in [getattr(o.dice, side)]]
            for side in ("low", "high")
        ]
        reach = [[m - low for m, low in zip(means, ends[0], strict=True)]]
        reach += [[high - m for m, high in zip(means, ends[1], strict=True)]]
        axes.errorbar(at, means, yerr=reach, color=colour, marker="o", markersize=4, linewidth=1.3, label=name)
    axes.set_xscale("log", base=2)
    axes.set_xticks(list(tables), [str(count) for count in tables])
    axes.minorticks_off()
    axes.set_xlabel("own labels")
    axes.set_ylabel("Dice on unseen patients")
    axes.grid(alpha=0.3)
    if shown:
        figure.legend(loc="outside right upper", fontsize=8, frameon=False)
    return figure
