"""Pusher: a model with both blessings becomes the next version that a server picks up."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.components.evaluator import BLESSED
from pipeline.components.infra_validator import INFRA_BLESSED
from pipeline.orchestration.component import Component, Workplace
from tfgan_thyroid import atomic
from tfgan_thyroid.errors import UserError


class Pusher(Component):
    """Copies the SavedModel beside its place and renames it to an integer; a model that is served already stays.

    Args:
        serving_dir: `saved_models/NAME`.
        keep: versions that are kept, the newest ones.
    """

    inputs = {
        "model": "Trainer.model",
        "blessing": "Evaluator.blessing",
        "infra_blessing": "InfraValidator.blessing",
    }
    outputs = {"pushed_model": "PushedModel"}
    reusable = False  # what counts is what lies in serving_dir now

    def __init__(self, serving_dir: Path, keep: int) -> None:
        self.serving_dir = serving_dir
        super().__init__(serving_name=serving_dir.name, keep=keep)

    def run(self, workplace: Workplace) -> None:
        """Pushes, or says why not.

        Raises:
            OSError: the folder cannot be written.
        """
        missing = [
            name
            for name, mark in (("blessing", BLESSED), ("infra_blessing", INFRA_BLESSED))
            if not (workplace.inputs[name] / mark).is_file()
        ]
        pushed: dict[str, Any] = {"pushed": False, "version": None}
        if missing:
            workplace.log.info("not pushed: the model lacks %s", " and ".join(missing))
        else:
            model = workplace.inputs["model"] / "Format-Serving"
            version = push(model, self.serving_dir, self.parameters["keep"])
            pushed = {"pushed": True, "version": int(version.name), "model_digest": model_digest(version)}
            workplace.log.info("version %s of %s", version.name, self.serving_dir.name)
        (workplace.outputs["pushed_model"] / "pushed.json").write_text(json.dumps(pushed, indent=2) + "\n")

    def stop_reason(self, outputs: Mapping[str, Path]) -> str | None:
        """That nothing was pushed."""
        pushed = json.loads((outputs["pushed_model"] / "pushed.json").read_text())
        return None if pushed["pushed"] else "the model was made and not blessed"


def push(model: Path, serving_dir: Path, keep: int) -> Path:
    """Makes a SavedModel the newest version, unless the newest one is the same model, and drops the oldest ones.

    Args:
        model: directory of the SavedModel.
        serving_dir: of the versions.
        keep: how many stay.

    Returns:
        The newest version's directory.
    """
    there = versions(serving_dir)
    if there and model_digest(there[-1]) == model_digest(model):
        return there[-1]
    number = int(there[-1].name) + 1 if there else 1
    place = serving_dir / str(number)
    with atomic.new_directory(place) as temporary:
        shutil.copytree(model, temporary, dirs_exist_ok=True)
    for old in versions(serving_dir)[:-keep]:
        hidden = old.with_name(f".{old.name}.removed")
        old.rename(hidden)
        shutil.rmtree(hidden)
    return place


def roll_back(serving_dir: Path, version: int | None = None) -> Path:
    """Serves an earlier version again, as a new one on top, so that a server picks it up and nothing is lost.

    Args:
        serving_dir: of the versions.
        version: which; the one before the newest where None.

    Raises:
        UserError: there is no such version.
    """
    there = {int(path.name): path for path in versions(serving_dir)}
    if version is None:
        if len(there) < 2:
            raise UserError(f"{serving_dir} holds {len(there)} version: there is none to go back to")
        version = sorted(there)[-2]
    if version not in there:
        names = ", ".join(map(str, sorted(there))) or "none"
        raise UserError(f"{serving_dir} has no version {version}: there are {names}")
    return push(there[version], serving_dir, keep=len(there) + 1)


def versions(serving_dir: Path) -> list[Path]:
    """The version directories, oldest first."""
    if not serving_dir.is_dir():
        return []
    return sorted((path for path in serving_dir.iterdir() if path.name.isdigit()), key=lambda path: int(path.name))


def model_digest(version: Path) -> str:
    """The digest of the weights, as the model card tells it."""
    return json.loads((version / "model_card.json").read_text())["model_digest"]
