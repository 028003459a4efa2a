"""One HTML page of one run, or of several side by side; it holds everything that it shows."""

import base64
import io
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from tfgan_thyroid import atomic
from tfgan_thyroid.evaluation.overview.run_facts import RunFacts
from tfgan_thyroid.evaluation.report.parts import number, page, quoted, table
from tfgan_thyroid.runs.run_directory import GENERATIVE

COLUMNS = 8
"""Images in a row of a run's grids."""
TIMES = 6
"""Pictures over time."""
MASK_ROWS = 2  # a paired grid has its masks below
NOTHING = "&ndash;"


def write_page(runs: Sequence[RunFacts], output: Path, machine: str | None = None) -> None:
    """Writes the page, whole or not at all.

    Args:
        runs: one or more.
        output: the HTML file.
        machine: that a single run was made on, where that is known.
    """
    names = [run.path.resolve().name for run in runs]
    title = names[0] if len(names) == 1 else f"{len(names)} runs side by side"
    sections = [
        _section("Images of the same seeds", "images", _grids(runs, names)),
        _section("Over time", "time", _over_time(runs, names)),
        _section("Metrics", "metrics", _metrics(runs, names)),
        _section("Curves", "curves", _pictures(runs, names, "curves.png")),
        _section("Test images", "overlays", _pictures(runs, names, "overlays.png")),
        _section("Configuration", "configuration", _configuration(runs, names, machine)),
    ]
    head = f"<header><p class=kicker>Training</p><h1>{escape(title)}</h1>{_verdicts(runs, names)}</header>"
    atomic.write_text(output, page(title, head, [section for section in sections if section]))


def _section(title: str, anchor: str, content: str) -> str:
    return f"<section id={anchor}><h2>{title}</h2>{content}</section>" if content else ""


def _verdicts(runs: Sequence[RunFacts], names: Sequence[str]) -> str:
    lines = []
    for run, name in zip(runs, names, strict=True):
        said = " ".join(run.verdict) or "not judged yet: python -m tfgan_thyroid.evaluate does"
        if run.kind != GENERATIVE:
            said = f"Dice {number(run.metrics['dice'][0])}" if "dice" in run.metrics else "not scored yet"
        audit = f" Memorisation audit {run.audit}" if run.audit else ""
        lines.append(f"<p><strong>{escape(name)}</strong>: {escape(said + audit)}</p>")
    return "".join(lines)


def _grids(runs: Sequence[RunFacts], names: Sequence[str]) -> str:
    """The newest grid of each run, beside real scans of the first."""
    shown = []
    reals = runs[0].path / "reals.png"
    if reals.exists():
        shown.append(_figure(reals.read_bytes(), "Real scans", f"Real scans of {names[0]}."))
    for run, name in zip(runs, names, strict=True):
        found = _fakes(run)
        if found:
            caption = f"{name}: seeds 0 to 31 at iteration {_iteration(found[-1])}."
            shown.append(_figure(found[-1].read_bytes(), f"Generated images of {name}", caption))
    return f"<div class=sources>{''.join(shown)}</div>" if shown else ""


def _over_time(runs: Sequence[RunFacts], names: Sequence[str]) -> str:
    """The first row of evenly spaced grids, one below the other."""
    parts = []
    for run, name in zip(runs, names, strict=True):
        found = _fakes(run)
        if len(found) < 2:
            continue
        places = np.unique(np.linspace(0, len(found) - 1, min(TIMES, len(found))).round().astype(int))
        chosen = [found[place] for place in places]
        iterations = ", ".join(str(_iteration(path)) for path in chosen)
        rows = np.concatenate([_first_row(path, run) for path in chosen])
        file = io.BytesIO()
        Image.fromarray(rows).save(file, "PNG")
        caption = f"{name}: seeds 0 to {COLUMNS - 1} at iterations {iterations}, from top to bottom."
        parts.append(_figure(file.getvalue(), f"Images of {name} over time", caption))
    return f"<div class=sources>{''.join(parts)}</div>" if parts else ""


def _first_row(grid: Path, run: RunFacts) -> np.ndarray:
    pixels = np.asarray(Image.open(grid).convert("L"))
    return pixels[: int(run.config["image_size"])]


def _metrics(runs: Sequence[RunFacts], names: Sequence[str]) -> str:
    metrics = list(dict.fromkeys(name for run in runs for name in run.metrics))
    rows = []
    for metric in metrics:
        cells = [run.metrics.get(metric) for run in runs]
        rows.append([escape(metric), *(_value(*cell) if cell else NOTHING for cell in cells)])
    caption = "At the last checkpoint, in brackets what real images reach against real ones; of a U-Net, test means."
    return table(caption, ["metric", *map(escape, names)], rows) if rows else ""


def _value(mean: float, floor: float | None) -> str:
    return number(mean) + (f" ({number(floor)})" if floor is not None else "")


def _pictures(runs: Sequence[RunFacts], names: Sequence[str], file: str) -> str:
    found = [(run.path / file, name) for run, name in zip(runs, names, strict=True) if (run.path / file).exists()]
    return "".join(_figure(path.read_bytes(), f"{file} of {name}", f"{name}.") for path, name in found)


def _configuration(runs: Sequence[RunFacts], names: Sequence[str], machine: str | None) -> str:
    """What the runs are of; of one run what differs from its preset, of several what differs between them."""
    facts = {
        "preset": [run.config.get("preset", NOTHING) for run in runs],
        "data set": [run.dataset_digest[:12] for run in runs],
        "scans": [run.scans if run.scans is not None else NOTHING for run in runs],
        "image size": [run.config["image_size"] for run in runs],
        "iteration or epoch": [f"{run.iteration} of {run.length}" for run in runs],
        "minutes of training": [number(run.seconds / 60) for run in runs],
    }
    if machine is not None:
        facts["machine"] = [escape(machine)]
    fields = list(dict.fromkeys(key for run in runs for key in run.differs))
    if len(runs) > 1:
        every = list(dict.fromkeys(key for run in runs for key in run.config))
        fields = [key for key in every if len({str(run.config.get(key)) for run in runs}) > 1]
    rows = [[name, *map(str, values)] for name, values in facts.items()]
    rows += [[f"<code>{escape(key)}</code>", *(escape(str(run.config.get(key, ""))) for run in runs)] for key in fields]
    caption = "Fields below the first lines differ between the runs." if len(runs) > 1 else "Differs from the preset."
    return table(caption, ["", *map(escape, names)], rows)


def _figure(png: bytes, alt: str, caption: str) -> str:
    encoded = base64.b64encode(png).decode()
    image = f'<img src="data:image/png;base64,{encoded}" alt={quoted(alt)} loading="lazy">'
    return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"


def _fakes(run: RunFacts) -> list[Path]:
    return sorted(run.path.glob("fakes*.png"), key=_iteration)


def _iteration(path: Path) -> int:
    return int(re.sub(r"\D", "", path.stem))
