"""Images that an ensemble has labelled, as a folder that `segment --synthetic` reads."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tfgan_thyroid import __version__
from tfgan_thyroid.data.scans.files import encode_png
from tfgan_thyroid.segmentation.ensemble import Labels
from tfgan_thyroid.segmentation.surface_distance import outline
from tfgan_thyroid.segmentation.synthetic_pairs import MANIFEST, SOFT_MASKS
from tfgan_thyroid.serving.png_files import with_text
from tfgan_thyroid.serving.synthetic_folder import PLAIN, SYNTHETIC, Layout, add_file, fresh_folder

SHEET = "agreement.png"
SHEET_COLUMNS, SHEET_ROWS = 8, 6


def write_labelled(
    output: Path,
    images: np.ndarray,
    labels: Labels,
    kept: np.ndarray,
    weights: np.ndarray | None,
    names: list[str],
    facts: dict[str, Any],
    layout: Layout = PLAIN,
) -> dict[str, Any]:
    """Writes images, masks, `soft_masks/`, `manifest.json` and `agreement.png`; they appear by one rename.

    Args:
        output: must not exist, or be empty.
        images: uint8 `[N, H, W, 1]`, all that were labelled.
        labels: of them.
        kept: places of those that are written.
        weights: float `[N]` for the loss, None for 1.
        names: of each image's files, without suffix.
        facts: for the manifest, `synthetic` among them: whether the images are generated, which their files then say.
        layout: of the folder.

    Returns:
        The manifest.

    Raises:
        UserError: `output` holds something already.
    """
    text = {"Labelled by": "U-Nets", "Software": f"tfgan-thyroid {__version__}"}
    text |= {"Synthetic": "true"} if facts["synthetic"] else {}
    parts = (
        ("file", layout.image, layout.encode_image, images),
        ("mask", layout.mask, layout.encode_mask, labels.masks * np.uint8(255)),
        ("soft_mask", SOFT_MASKS + "/{}.png", with_text, labels.soft_masks),
    )
    source, entries = facts["source"], []
    with fresh_folder(output) as temporary:
        for place in kept:
            if (first := source.get("first_seed")) is not None:
                text |= {"Model digest": source["digest"], "Seed": str(first + place)}
            entry: dict[str, Any] = {"agreement": float(labels.agreement[place])}
            for key, pattern, encode, pixels in parts:
                file, content = pattern.format(names[place]), encode(encode_png(pixels[place, ..., 0]), text)
                entry |= {key: file, f"{key}_sha256": add_file(temporary / file, content)}
            entries.append(entry if weights is None else {**entry, "weight": float(weights[place])})
        left_out = np.delete(labels.agreement, kept)
        manifest = {
            **facts,
            "package_version": __version__,
            "labelled": len(images),
            "left_out": len(left_out),
            "agreement": {
                "mean": float(labels.agreement.mean()),
                "least_kept": float(labels.agreement[kept].min()),
                "greatest_left_out": float(left_out.max()) if len(left_out) else None,
            },
            "images": entries,
        }
        if layout.write_index is not None:
            described = SYNTHETIC if facts["synthetic"] else "scans"
            layout.write_index(temporary, entries, f"{described}; masks by U-Nets")
        (temporary / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
        draw_sheet(images, labels, kept).savefig(temporary / SHEET, dpi=110)
    return manifest


def draw_sheet(images: np.ndarray, labels: Labels, kept: np.ndarray) -> Figure:
    """A PNG picture of images with their masks' outlines, from the least to the greatest agreement, evenly spaced."""
    order = np.argsort(labels.agreement, kind="stable")
    shown = order[np.unique(np.linspace(0, len(order) - 1, SHEET_COLUMNS * SHEET_ROWS).round().astype(int))]
    rows = -(-len(shown) // SHEET_COLUMNS)
    figure = Figure(figsize=(1.5 * SHEET_COLUMNS, 1.75 * rows + 0.5), layout="constrained")
    for axes in (panels := figure.subplots(rows, SHEET_COLUMNS, squeeze=False)).flat:
        axes.set_axis_off()
    used = set(kept.tolist())
    for axes, place in zip(panels.flat, shown, strict=False):
        picture = np.repeat(images[place], 3, axis=2)
        picture[outline(labels.masks[place, ..., 0])] = (0, 158, 115) if place in used else (213, 94, 0)
        axes.imshow(picture)
        note = "" if place in used else ", left out"
        axes.set_title(f"{labels.agreement[place]:.2f}{note}", fontsize=7)
    figure.suptitle("Agreement of the U-Nets (mean Dice of two), the least first; orange outlines are left out", size=9)
    return figure
