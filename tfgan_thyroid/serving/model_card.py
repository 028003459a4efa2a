"""What travels with an exported generator: where it comes from, what it is for and what it is not. No TensorFlow."""

import dataclasses
import json
from pathlib import Path

from tfgan_thyroid.run_directory import RunDirectory, read_lines

_TEMPLATE = """# {title}

| | |
|---|---|
| model | {model} ({preset} preset), {image_size}x{image_size} pixels, width {width}, latent size {latent_size} |
| trained for | {iterations_done:,} iterations of batch {batch_size}, {weights} weights |
| model digest | `{model_digest}` |
| exported as | {kind}, {dtype} kernels |
| data digest | `{dataset_digest}` |
| made with | tfgan-thyroid {package_version}, TensorFlow {tensorflow}, Keras {keras} |
| licence | {licence} |

Signatures:

{signatures}

{metrics}

**For** augmenting training sets of segmentation research. **Not for** diagnosis, teaching anatomy, or as evidence of
any finding: the images show nobody. **Privacy**: a generator may repeat scans that it was trained on; no audit of
memorisation is recorded here.
"""


_LICENCE = "the code is Apache-2.0; the weights follow the terms of the data that they were trained on"

_TITLES = {
    "generator": "Generator of synthetic thyroid ultrasound scans",
    "encoder": "Encoder of thyroid ultrasound scans, with the generator that reconstructs them",
}

_SIGNATURES = {
    ("generator", "serving_default"): "`seed` int64 `[N]` -> `image_bytes` PNG strings `[N]`",
    ("generator", "generate_from_latent"): "`latent` float32 `[N, {latent_size}]` -> `image` float32 "
    "`[N, {image_size}, {image_size}, {channels}]` in [-1, 1]",
    ("generator", "generate_truncated"): "`seed` int64 `[N]`, `truncation` float32 `[N]` (what the latent is "
    "multiplied by) -> `image_bytes` PNG strings `[N]`",
    ("encoder", "serving_default"): "`image_bytes` PNG strings `[N]`, {image_size}x{image_size} pixels -> `latent` "
    "float32 `[N, {latent_size}]`",
    ("encoder", "reconstruct"): "`image_bytes` PNG strings `[N]` -> `image_bytes` PNG strings `[N]`",
}


def write_model_card(
    directory: Path, run: RunDirectory, iteration: int, kind: str, dtype: str, signatures: list[str], model_digest: str
) -> None:
    """Writes `model_card.json` and `model_card.md`.

    Args:
        directory: of the SavedModel.
        run: that trained it.
        iteration: of the exported checkpoint.
        kind: `generator` or `encoder`.
        dtype: of the exported kernels.
        signatures: names of the exported signatures.
        model_digest: of the float32 weights.
    """
    record = run.read()
    metrics = next((line for line in read_lines(run.metrics_file) if line["iteration"] == iteration), None)
    card = {
        "synthetic": True,
        "model_digest": model_digest,
        "kind": kind,
        "dtype": dtype,
        "signatures": signatures,
        "iteration": iteration,
        "config": dataclasses.asdict(record.config),
        "dataset_digest": record.dataset_digest,
        "split": record.split,
        "stack": record.stack,
        "package_version": record.package_version,
        "licence": _LICENCE,
        "metrics": metrics,
    }
    (directory / "model_card.json").write_text(json.dumps(card, indent=2) + "\n")
    config = dataclasses.asdict(record.config)
    text = _TEMPLATE.format(
        **config,
        **record.stack,
        title=_TITLES[kind],
        licence=_LICENCE,
        kind=kind,
        dtype=dtype,
        signatures="\n".join(f"- `{name}`: {_SIGNATURES[kind, name].format(**config)}" for name in signatures),
        iterations_done=iteration,
        weights="averaged" if record.config.ema_decay else "plain",
        model_digest=model_digest,
        dataset_digest=record.dataset_digest,
        package_version=record.package_version,
        metrics=_describe(metrics),
    )
    (directory / "model_card.md").write_text(text)


def _describe(metrics: dict | None) -> str:
    if metrics is None:
        return "No metrics were computed at this iteration."
    rows = ["| metric | mean | std | real against real | n | draws |", "|---|---|---|---|---|---|"]
    for name, value in metrics.items():
        if name != "iteration":
            floor = "-" if value["floor"] is None else f"{value['floor']:.4f}"
            rows.append(
                f"| {name} | {value['mean']:.4f} | {value['std']:.4f} | {floor} | {value['n']} | {value['draws']} |"
            )
    return "\n".join(rows)
