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
_WHAT_METRICS_MEAN = (
    "By pixels, between as many generated and real images, with the averages and deviations of the draws; `real "
    "against real` is the same number between two halves of the data, the best that can be expected."
)

_AUDITED = ("passed", "reasons", "counts", "held_out_rule", "membership")
"""What a card holds of an audit's result."""

_NOT_JUDGED = "No verdict: this checkpoint was not judged; python -m tfgan_thyroid.evaluate does it"

_TITLES = {
    "generator": "Generator of synthetic thyroid ultrasound scans",
    "encoder": "Encoder of thyroid ultrasound scans, with the generator that reconstructs them",
}

_SIGNATURES = {
    ("generator", "serving_default"): "`seed` int64 `[N]` -> `image_bytes` PNG strings `[N]`{mask_bytes}",
    ("generator", "generate_from_latent"): "`latent` float32 `[N, {latent_size}]` -> `image` float32 "
    "`[N, {image_size}, {image_size}, 1]` in [-1, 1]{mask}",
    ("generator", "generate_truncated"): "`seed` int64 `[N]`, `truncation` float32 `[N]` (what the latent is "
    "multiplied by) -> `image_bytes` PNG strings `[N]`{mask_bytes}",
    ("encoder", "serving_default"): "`image_bytes` PNG strings `[N]`{mask_bytes}, {image_size}x{image_size} pixels -> "
    "`latent` float32 `[N, {latent_size}]`",
    ("encoder", "reconstruct"): "`image_bytes` PNG strings `[N]`{mask_bytes} -> `image_bytes` PNG strings "
    "`[N]`{mask_bytes}",
}
_MASKS = {"mask_bytes": ", `mask_bytes` likewise (0 and 255)", "mask": ", `mask` likewise, 0 or 1"}


@dataclass(frozen=True)
class Provenance:
    """What only the person who exports can tell.

    Attributes:
        data: what the training data are, in words.
        licence: of the weights.
    """

    data: str = "not described; the digest identifies it"
    licence: str = "the code is Apache-2.0; the weights follow the terms of the data that they were trained on"


@dataclass(frozen=True)
class Exported:
    """What an export knows of itself.

    Attributes:
        kind: `generator` or `encoder`.
        dtype: of the exported kernels.
        signatures: names of the exported signatures.
        model_digest: of the float32 weights.
        iteration: of the exported checkpoint.
    """

    kind: str
    dtype: str
    signatures: list[str]
    model_digest: str
    iteration: int


def write_model_card(directory: Path, run: RunDirectory, exported: Exported, provenance: Provenance) -> None:
    """Writes `model_card.json` and `model_card.md`.

    Args:
        directory: of the SavedModel.
        run: that trained it.
        exported: what is in the SavedModel.
        provenance: data and licence, as given by the person who exports.
    """
    _write(directory, _card(run, exported, provenance))


def add_findings(directory: Path, findings: Mapping[str, Any]) -> None:
    """Writes what was found after the export into the card of a version.

    Args:
        directory: of the SavedModel.
        findings: `verdict`, its lines, and `audit`, of `audited`; what is left out stays as it was.
    """
    card = json.loads((directory / "model_card.json").read_text())
    _write(directory, {**card, **findings, "limits": LIMITS})


def audited(result: Mapping[str, Any]) -> dict[str, Any]:
    """What a card holds of an `AuditResult` in JSON."""
    return {name: result[name] for name in _AUDITED if result.get(name) is not None}


def _write(directory: Path, card: dict[str, Any]) -> None:
    (directory / "model_card.json").write_text(json.dumps(card, indent=2) + "\n")
    (directory / "model_card.md").write_text(_text(card), encoding="utf-8")


def _card(run: RunDirectory, exported: Exported, provenance: Provenance) -> dict[str, Any]:
    record = run.read()
    iteration = exported.iteration
    return {
        "title": _TITLES[exported.kind],
        "synthetic": True,
        **dataclasses.asdict(exported),
        "config": dataclasses.asdict(record.config),
        "training_command": training_command(record.config, record.split),
        "weights": "averaged" if exported.kind == "generator" and record.config.ema_decay else "plain",
        "data": provenance.data,
        "dataset_digest": record.dataset_digest,
        "split": record.split,
        "stack": record.stack,
        "package_version": record.package_version,
        "verdict": _verdict(run, iteration),
        "metrics": _training_metrics(run, iteration),
        "audit": _audit_of(run, exported.model_digest),
        "licence": provenance.licence,
        "intended_use": INTENDED_USE,
        "not_for": NOT_FOR,
        "limits": LIMITS,
    }


def _training_metrics(run: RunDirectory, iteration: int) -> dict[str, Any] | None:
    """What training measured there; a line of `evaluate` keeps its numbers one level deeper."""
    lines = read_lines(run.metrics_file)
    return next((line for line in lines if line["iteration"] == iteration and "evaluation" not in line), None)


def _audit_of(run: RunDirectory, model_digest: str) -> dict[str, Any] | None:
    """The last audit that `evaluate` recorded of this very model; None without any."""
    evaluations = [line["evaluation"] for line in read_lines(run.metrics_file) if "evaluation" in line]
    audits = [e["audit"] for e in evaluations if e["audit"] and e["generated"]["digest"] == model_digest]
    return audited(audits[-1]) if audits else None


def _verdict(run: RunDirectory, iteration: int) -> list[str]:
    """What was said of that checkpoint, in words."""
    if run.verdict_file.is_file():
        judged = json.loads(run.verdict_file.read_text())
        if judged["iteration"] == iteration:
            return judged["verdict"]
    return [_NOT_JUDGED]


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


def _text(card: dict[str, Any]) -> str:
    config, stack = card["config"], card["stack"]
    masks = _MASKS if config["channels"] == 2 else dict.fromkeys(_MASKS, "")
    signatures = [f"- `{n}`: {_SIGNATURES[card['kind'], n].format(**config, **masks)}" for n in card["signatures"]]
    facts = {
        "model": f"{config['model']}, {config['image_size']}x{config['image_size']} pixels, width {config['width']}, "
        f"latent size {config['latent_size']}",
        "exported as": f"{card['kind']}, {card['dtype']} kernels, {card['weights']} weights",
        "model digest": f"`{card['model_digest']}`",
        "made with": f"tfgan-thyroid {card['package_version']}, TensorFlow {stack['tensorflow']}, "
        f"Keras {stack['keras']}",
        "licence": card["licence"],
    }
    sections = {
        "Verdict": "\n\n".join(card.get("verdict", [_NOT_JUDGED])),
        "Signatures": "\n".join(signatures),
        "Data": f"{card['data'].rstrip('.')}.\n\nThe `{card['split']}` split of the data set with the digest "
        f"`{card['dataset_digest']}`.",
        "Training": f"{card['iteration']:,} iterations of batch {config['batch_size']}:\n\n"
        f"```bash\n{card['training_command']}\n```",
        "Metrics": _metrics(card["metrics"]),
        "Memorisation audit": _audit(card.get("audit")),
        "Intended use": card["intended_use"],
        "What it must not be used for": "\n".join(f"- {line}" for line in card["not_for"]),
        "Limits": "\n".join(f"- {line}" for line in card["limits"]),
    }
    table = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items())]
    body = "\n\n".join(f"## {title}\n\n{content}" for title, content in sections.items())
    return f"# {card['title']}\n\n" + "\n".join(table) + f"\n\n{body}\n"


def _metrics(metrics: dict | None) -> str:
    if metrics is None:
        return "None were computed at this iteration."
    rows = [
        _WHAT_METRICS_MEAN,
        "",
        "| metric | mean | std | real against real | n | draws |",
        "|---|---|---|---|---|---|",
    ]
    for name, value in metrics.items():
        if name != "iteration":
            floor = "-" if value["floor"] is None else f"{value['floor']:.4f}"
            rows.append(
                f"| {name} | {value['mean']:.4f} | {value['std']:.4f} | {floor} | {value['n']} | {value['draws']} |"
            )
    return "\n".join(rows)


def _audit(audit: dict | None) -> str:
    if audit is None:
        return "None is recorded of this model: `python -m tfgan_thyroid.evaluate --audit` makes one of its run."
    counts = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in audit["counts"].items())
    verdict = "Passed" if audit["passed"] else "FAILED"
    lines = [
        f"{verdict}: {'; '.join(audit['reasons'])}.",
        "",
        f"Images: {counts}. Unseen scans: {audit['held_out_rule']}.",
    ]
    if "membership" in audit:
        from tfgan_thyroid.metrics.membership import Membership  # which needs SciPy

        lines += ["", f"{Membership(**audit['membership']).words}."]
    return "\n".join(lines)
