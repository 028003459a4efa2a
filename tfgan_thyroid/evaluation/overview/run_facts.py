"""What the files of a run directory tell of it, without loading a model."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.presets import PRESETS, preset
from tfgan_thyroid.runs.run_directory import GENERATIVE, RunDirectory, list_runs, read_lines

FROM_THE_DATA = ("image_size", "channels")
"""Fields of a configuration that the data set decides, whatever the preset says."""


@dataclasses.dataclass(frozen=True)
class RunFacts:
    """A run as it stands.

    Attributes:
        path: of its directory.
        kind: `generative` or `segmentation`.
        config: its configuration.
        differs: fields that differ from the preset, with their values; of a U-Net all but the paper's.
        dataset_digest: of the data set.
        scans: that it learns from, where the run says so.
        iteration: the last that was logged; of a U-Net the epoch.
        seconds: of the logged iterations, without pictures and checkpoints.
        metrics: by name, mean and what real images reach against real ones, of the last checkpoint or, of a U-Net, of
            the test split.
        verdict: in words, where it was judged.
        audit: of the newest evaluation that has one: what it found.
    """

    path: Path
    kind: str
    config: dict[str, Any]
    differs: dict[str, Any]
    dataset_digest: str
    scans: int | None
    iteration: int
    seconds: float
    metrics: dict[str, tuple[float, float | None]]
    verdict: list[str]
    audit: str | None

    @property
    def length(self) -> int:
        """Iterations, or epochs, that it was to have."""
        return int(self.config["iterations" if self.kind == GENERATIVE else "epochs"])


def read_facts(path: Path) -> RunFacts:
    """The facts of one run.

    Raises:
        UserError: it is no run directory, or its record is damaged.
    """
    run = RunDirectory.open(path)
    try:
        record = json.loads(run.config_file.read_text())
        config, kind = record["config"], record.get("kind", GENERATIVE)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{run.config_file} is damaged ({error})") from None
    stats = read_lines(run.stats_file)
    generative = kind == GENERATIVE
    return RunFacts(
        run.path,
        kind,
        config,
        _differs(config) if generative else config,
        record.get("dataset_digest", ""),
        _scans(run, record),
        stats[-1]["iteration" if generative else "epoch"] if stats else 0,
        _training_seconds(stats, config) if generative else sum(line["seconds"] for line in stats),
        _metrics(run) if generative else _scores(run),
        _read(run.path / "verdict.json", {}).get("verdict", []),
        _audit(run),
    )


def all_facts(outdir: Path) -> list[RunFacts]:
    """The facts of every run under a folder, in the order of their numbers."""
    return [read_facts(path) for path in list_runs(outdir)]


def _differs(config: dict[str, Any]) -> dict[str, Any]:
    name = config.get("preset")
    start = dataclasses.asdict(preset(name)) if name in PRESETS else {}
    return {
        key: value for key, value in config.items() if key not in FROM_THE_DATA and key in start and value != start[key]
    }


def _scans(run: RunDirectory, record: dict[str, Any]) -> int | None:
    if "labelled_ids" in record:
        return len(record["labelled_ids"])
    scans = _read(run.scans_file, None)
    return None if scans is None else len(scans)


def _training_seconds(stats: list[dict], config: dict[str, Any]) -> float:
    seconds, before = 0.0, 0
    for line in stats:
        seconds += (line["iteration"] - before) * config["batch_size"] / line["images_per_second"]
        before = line["iteration"]
    return seconds


def _metrics(run: RunDirectory) -> dict[str, tuple[float, float | None]]:
    lines = read_lines(run.metrics_file)
    found = lines[-1] if lines else {}
    return {name: (e["mean"], e.get("floor")) for name, e in found.items() if isinstance(e, dict) and "mean" in e}


def _scores(run: RunDirectory) -> dict[str, tuple[float, float | None]]:
    means = _read(run.path / "summary.json", {}).get("image_mean", {})
    return {name: (value, None) for name, value in means.items() if value is not None}


def _audit(run: RunDirectory) -> str | None:
    documents = sorted(run.path.glob("evaluation/*/evaluation.json"), key=lambda path: path.stat().st_mtime)
    audits = [audit for path in documents if (audit := _read(path, {}).get("audit"))]
    if not audits:
        return None
    return ("passed: " if audits[-1].get("passed") else "FAILED: ") + "; ".join(audits[-1].get("reasons", []))


def _read(path: Path, default: Any) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return default
