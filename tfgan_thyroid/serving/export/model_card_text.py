"""A model card in Markdown. No TensorFlow."""

from typing import Any

NOT_JUDGED = "No verdict: this checkpoint was not judged; python -m tfgan_thyroid.evaluate does it"

_WHAT_METRICS_MEAN = (
    "By pixels, between as many generated and real images, with the averages and deviations of the draws; `real "
    "against real` is the same number between two halves of the data, the best that can be expected."
)

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


def card_text(card: dict[str, Any]) -> str:
    """The text of a card of `model_card.py`."""
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
        "Verdict": "\n\n".join(card.get("verdict", [NOT_JUDGED])),
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
