"""Where an artifact comes from, as a tree in text and as a picture."""

import io
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from pipeline.orchestration.artifact import MANIFEST, Artifact
from tfgan_thyroid.errors import UserError

# Inches of the picture: a box, and from the middle of one to that of the next.
BOX = (1.75, 0.5)
STEP = (2.3, 0.8)
BEND = 0.11  # of an arrow, in its length
_COLOURS = {"Blessing": "#009E73", "Evaluation": "#009E73", "Model": "#E69F00"}
_OTHERS = "#0072B2"


def find_artifact(root: Path, name: str) -> Artifact:
    """The artifact of a name such as `Trainer/model/7`."""
    directory = root / name
    if not (directory / MANIFEST).is_file():
        raise UserError(f"there is no artifact {name} under {root}; python -m pipeline.status lists them")
    return Artifact.read(directory)


def lineage_tree(root: Path, artifact: Artifact) -> str:
    """The artifact and all that it was made from, a line each; nothing is listed twice."""
    return "\n".join(_branch(root, artifact, set()))


def _branch(root: Path, artifact: Artifact, listed: set[str]) -> list[str]:
    listed.add(artifact.name)
    lines = [f"{artifact.name}  {artifact.type}  {artifact.digest[:12]}  {artifact.ended}"]
    for index, name in enumerate(artifact.parents):
        last = index == len(artifact.parents) - 1
        if name in listed:
            first, rest = f"{name}  (above)", []
        else:
            first, *rest = _branch(root, find_artifact(root, name), listed)
        lines.append(("└── " if last else "├── ") + first)
        lines += [("    " if last else "│   ") + line for line in rest]
    return lines


def lineage_picture(root: Path, artifact: Artifact) -> bytes:
    """The same as a PNG file: sources on the left, the artifact on the right, an arrow for each use."""
    found = _ancestors(root, artifact)
    columns = _columns(found)
    places = {
        name: (column * STEP[0], -(row - (len(names) - 1) / 2) * STEP[1])
        for column, names in enumerate(columns)
        for row, name in enumerate(names)
    }
    width = len(columns) * STEP[0]
    top = max(map(len, columns)) * STEP[1] / 2
    bottom = -top - BEND * max(0.0, width - 2 * STEP[0])  # arrows over columns bend below the boxes
    figure = Figure(figsize=(width, top - bottom))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(-STEP[0] / 2, width - STEP[0] / 2)
    axes.set_ylim(bottom, top)
    axes.axis("off")
    for name, place in places.items():
        _draw_box(axes, found[name], place)
        for parent in found[name].parents:
            _draw_arrow(axes, places[parent], place)
    file = io.BytesIO()
    figure.savefig(file, dpi=110)
    return file.getvalue()


def _draw_box(axes: Axes, artifact: Artifact, place: tuple[float, float]) -> None:
    colour = next((value for kind, value in _COLOURS.items() if kind in artifact.type), _OTHERS)
    corner = (place[0] - BOX[0] / 2, place[1] - BOX[1] / 2)
    axes.add_patch(
        FancyBboxPatch(corner, *BOX, boxstyle="round,pad=0,rounding_size=0.08", facecolor="white", ec=colour, zorder=2)
    )
    axes.text(*place, f"{artifact.name}\n{artifact.type}", ha="center", va="center", fontsize=8, zorder=3)


def _draw_arrow(axes: Axes, source: tuple[float, float], target: tuple[float, float]) -> None:
    if target[0] - source[0] > 1.5 * STEP[0]:
        start, end = (source[0], source[1] - BOX[1] / 2), (target[0], target[1] - BOX[1] / 2)
        bend = f"arc3,rad={2 * BEND}"
    else:
        start, end = (source[0] + BOX[0] / 2, source[1]), (target[0] - BOX[0] / 2, target[1])
        bend = "arc3"
    axes.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=9, connectionstyle=bend, color="#666666", lw=0.9, zorder=1,
            shrinkA=0, shrinkB=1,
        )
    )  # fmt: skip


def _ancestors(root: Path, artifact: Artifact) -> dict[str, Artifact]:
    """The artifact and all that it was made from, by name."""
    found, waiting = {artifact.name: artifact}, list(artifact.parents)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = find_artifact(root, name)
            waiting += found[name].parents
    return found


def _columns(found: dict[str, Artifact]) -> list[list[str]]:
    """The names by how many steps lie before them on the longest way, sources first."""
    steps: dict[str, int] = {}
    for name, artifact in sorted(found.items(), key=lambda item: item[1].execution):
        steps[name] = 1 + max((steps[parent] for parent in artifact.parents), default=-1)
    return [
        sorted((name for name, step in steps.items() if step == column), reverse=True)
        for column in range(max(steps.values()) + 1)
    ]
