"""Where an artifact comes from, as a tree in text and as a picture."""

import io
from pathlib import Path

from matplotlib.figure import Figure

from pipeline.orchestration.artifact import Artifact
from tfgan_thyroid.errors import UserError


def find_artifact(root: Path, name: str) -> Artifact:
    """The artifact of a name such as `Trainer/model/7`.

    Raises:
        UserError: there is none.
    """
    directory = root / name
    if not (directory / "artifact.json").is_file():
        raise UserError(f"there is no artifact {name} under {root}; python -m pipeline.status lists them")
    return Artifact.read(directory)


def lineage_tree(root: Path, artifact: Artifact) -> str:
    """The artifact and all that it was made from, a line each."""
    lines = [_line(artifact)]
    parents = [find_artifact(root, name) for name in artifact.parents]
    for index, parent in enumerate(parents):
        last = index == len(parents) - 1
        first, *rest = lineage_tree(root, parent).splitlines()
        lines.append(("└── " if last else "├── ") + first)
        lines += [("    " if last else "│   ") + line for line in rest]
    return "\n".join(lines)


def lineage_picture(root: Path, artifact: Artifact) -> bytes:
    """The same as a PNG file: sources on the left, the artifact on the right, an arrow for each use."""
    depths = _depths(root, artifact)
    columns: dict[int, list[str]] = {}
    for name, depth in sorted(depths.items(), key=lambda item: (item[1], item[0])):
        columns.setdefault(depth, []).append(name)
    tallest = max(map(len, columns.values()))
    places = {
        name: (-depth, (row - (len(names) - 1) / 2))
        for depth, names in columns.items()
        for row, name in enumerate(names)
    }
    figure = Figure(figsize=(2.6 * len(columns) + 0.6, 0.9 * tallest + 0.6), layout="constrained")
    axes = figure.subplots()
    box = {"boxstyle": "round,pad=0.4", "facecolor": "#E8F1FA", "edgecolor": "#0072B2"}
    for name, (x, y) in places.items():
        found = find_artifact(root, name)
        axes.text(x, y, f"{name}\n{found.type}", ha="center", va="center", fontsize=8, bbox=box, zorder=3)
        for parent in found.parents:
            arrow = {"arrowstyle": "->", "color": "#555555", "shrinkA": 40, "shrinkB": 40}
            axes.annotate("", (x, y), places[parent], arrowprops=arrow)
    axes.set_xlim(-max(columns) - 0.6, 0.6)
    axes.set_ylim(-tallest / 2 - 0.3, tallest / 2 + 0.3)
    axes.axis("off")
    file = io.BytesIO()
    figure.savefig(file, dpi=100)
    return file.getvalue()


def _line(artifact: Artifact) -> str:
    return f"{artifact.name}  {artifact.type}  {artifact.digest[:12]}  {artifact.ended}"


def _depths(root: Path, artifact: Artifact, depth: int = 0) -> dict[str, int]:
    """How many steps each ancestor lies before the artifact, by the longest way."""
    depths = {artifact.name: depth}
    for name in artifact.parents:
        for ancestor, steps in _depths(root, find_artifact(root, name), depth + 1).items():
            depths[ancestor] = max(steps, depths.get(ancestor, 0))
    return depths
