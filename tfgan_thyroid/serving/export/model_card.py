"""What travels with an exported network: where it comes from, what it is for and what it is not. No TensorFlow."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfgan_thyroid.config import Config
from tfgan_thyroid.presets import PRESETS, preset
from tfgan_thyroid.runs.run_directory import RunDirectory, read_lines
from tfgan_thyroid.serving.export.model_card_text import NOT_JUDGED, card_text

INTENDED_USE = "Augmenting training sets of segmentation research, and trying out the software around it."
NOT_FOR = (
    "Diagnosis, or any decision about a person.",
    "Teaching or illustrating anatomy as if it were real.",
    "Evidence of any finding, or a test set: the images show nobody.",
    "Passing generated images on without saying that they are synthetic.",
)
LIMITS = (
    "Images vary less than the data: see the nearest-neighbour figures, where 0.5 is perfect.",
    "It makes images like those that it was trained on, of that size and machine, and knows nothing beyond them.",
    "A generator may repeat scans that it was trained on; an audit does not see rotated or partial copies.",
)

_AUDITED = ("passed", "reasons", "counts", "held_out_rule", "membership")
"""What a card holds of an audit's result."""

_TITLES = {
    "generator": "Generator of synthetic thyroid ultrasound scans",
    "encoder": "Encoder of thyroid ultrasound scans, with the generator that reconstructs them",
}


@dataclass(frozen=True)
class Provenance:
    """What only the person who exports can say: what the training data are, and the licence of the weights."""

    data: str = "not described; the digest identifies it"
    licence: str = "the code is Apache-2.0; the weights follow the terms of the data that they were trained on"


def card_of(
    run: RunDirectory,
    iteration: int,
    kind: str,
    dtype: str,
    signatures: list[str],
    digest: str,
    provenance: Provenance | None = None,
) -> dict[str, Any]:
    """The card of an exported network, `generator` or `encoder`; the digest is of its float32 weights."""
    record = run.read()
    return {
        "title": _TITLES[kind],
        "synthetic": True,
        "kind": kind,
        "dtype": dtype,
        "signatures": signatures,
        "model_digest": digest,
        "iteration": iteration,
        "config": dataclasses.asdict(record.config),
        "training_command": training_command(record.config, record.split),
        "weights": "averaged" if kind == "generator" and record.config.ema_decay else "plain",
        **dataclasses.asdict(provenance or Provenance()),
        "dataset_digest": record.dataset_digest,
        "split": record.split,
        "stack": record.stack,
        "package_version": record.package_version,
        "verdict": _verdict(run, iteration),
        "metrics": _training_metrics(run, iteration),
        "audit": _audit_of(run, digest),
        "intended_use": INTENDED_USE,
        "not_for": NOT_FOR,
        "limits": LIMITS,
    }


def add_findings(directory: Path, findings: Mapping[str, Any]) -> None:
    """Writes a later `verdict` (its lines) or `audit` (of `audited`) into the card of a version."""
    card = json.loads((directory / "model_card.json").read_text()) | findings | {"limits": LIMITS}
    write_card(directory, card, card_text(card))


def audited(result: Mapping[str, Any]) -> dict[str, Any]:
    """What a card holds of an `AuditResult` in JSON."""
    return {name: result[name] for name in _AUDITED if result.get(name) is not None}


def write_card(directory: Path, card: dict[str, Any], text: str) -> None:
    """Writes `model_card.json` and `model_card.md` into the directory of a version."""
    (directory / "model_card.json").write_text(json.dumps(card, indent=2) + "\n")
    (directory / "model_card.md").write_text(text, encoding="utf-8")


def _training_metrics(run: RunDirectory, iteration: int) -> dict[str, Any] | None:
    """What training measured there; a line of `evaluate` keeps its numbers one level deeper."""
    lines = read_lines(run.metrics_file)
    return next((line for line in lines if line["iteration"] == iteration and "evaluation" not in line), None)


def _audit_of(run: RunDirectory, digest: str) -> dict[str, Any] | None:
    """The last audit that `evaluate` recorded of this very model; None without any."""
    evaluations = [line["evaluation"] for line in read_lines(run.metrics_file) if "evaluation" in line]
    audits = [e["audit"] for e in evaluations if e["audit"] and e["generated"]["digest"] == digest]
    return audited(audits[-1]) if audits else None


def _verdict(run: RunDirectory, iteration: int) -> list[str]:
    """What was said of that checkpoint, in words."""
    if run.verdict_file.is_file():
        judged = json.loads(run.verdict_file.read_text())
        if judged["iteration"] == iteration:
            return judged["verdict"]
    return [NOT_JUDGED]


def training_command(config: Config, split: str = "train") -> str:
    """The command that trains such a run: its preset, and every field in which it differs from that."""
    start = preset(config.preset) if config.preset in PRESETS else Config(preset=config.preset)
    words = ["python -m tfgan_thyroid.train --data DATASET"]
    words += [f"--preset {config.preset}"] if config.preset in PRESETS else []
    words += [f"--split {split}"] if split != "train" else []
    for field in dataclasses.fields(Config):
        value = getattr(config, field.name)
        # The data set gives the image's size and channels.
        if field.name not in ("image_size", "channels") and value != getattr(start, field.name):
            words.append(f"--set {field.name}={value}")
    return " ".join(words)
