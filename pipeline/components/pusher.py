"""Pusher: a model with both blessings becomes the next version that a server picks up."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.components.component import NOT_IN_FINGERPRINT, Component
from pipeline.components.evaluator import BLESSED, VERDICT
from pipeline.components.infra_validator import INFRA_BLESSED, INFRA_CHECK
from pipeline.components.workplace import Workplace
from pipeline.staging import publish, staging_directory
from tfgan_thyroid import atomic
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.serving.export.model_card import add_findings
from tfgan_thyroid.serving.versions import versions_in

PUSHED = "pushed.json"
WITHDRAWN = ".withdrawn.json"
_REMOVED = ".removed"


@dataclass(frozen=True)
class Pusher(Component):
    """Copies the SavedModel beside its place and renames it to an integer; a model that is served already stays."""

    inputs = {"model": "Trainer.model", "blessing": "Evaluator.blessing", "infra_blessing": "InfraValidator.blessing"}
    outputs = {"pushed_model": "PushedModel"}
    reusable = False  # what counts is what lies in serving_dir now

    serving_dir: str = field(metadata=NOT_IN_FINGERPRINT)  # `saved_models/NAME`
    keep: int  # versions that are kept, the newest ones

    @property
    def parameters(self) -> dict[str, Any]:
        """With the name of the folder alone."""
        return {"serving_name": Path(self.serving_dir).name, "keep": self.keep}

    def run(self, workplace: Workplace) -> None:
        """Pushes, or says why not.

        Raises:
            OSError: the folder cannot be written.
        """
        model, serving_dir = workplace.inputs["model"] / "Format-Serving", Path(self.serving_dir)
        reasons = self._obstacles(workplace.inputs, card_digest(model))
        pushed: dict[str, Any] = {"pushed": not reasons, "version": None, "reasons": reasons}
        if not reasons:
            judged = json.loads((workplace.inputs["blessing"] / VERDICT).read_text())
            findings = {name: judged[name] for name in ("verdict", "audit") if name in judged}
            version = push(model, serving_dir, self.keep, findings)
            pushed |= {"version": int(version.name), "model_digest": card_digest(version)}
            workplace.log.info("version %s of %s", version.name, serving_dir.name)
        (workplace.outputs["pushed_model"] / PUSHED).write_text(json.dumps(pushed, indent=2) + "\n")

    def _obstacles(self, inputs: Mapping[str, Path], digest: str | None) -> list[str]:
        reasons = []
        if not (inputs["blessing"] / BLESSED).is_file():
            reasons += json.loads((inputs["blessing"] / VERDICT).read_text())["reasons"]
        if not (inputs["infra_blessing"] / INFRA_BLESSED).is_file():
            reasons += json.loads((inputs["infra_blessing"] / INFRA_CHECK).read_text())["problems"]
        if digest in withdrawn(Path(self.serving_dir)):
            reasons.append("a rollback withdrew this very model; python -m pipeline.rollback can put it back on top")
        return reasons

    def properties(self, outputs: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
        """Whether it was pushed, and as which version."""
        pushed = json.loads((outputs["pushed_model"] / PUSHED).read_text())
        return {"pushed_model": {"pushed": int(pushed["pushed"]), "version": pushed["version"] or 0}}

    def stop_reason(self, outputs: Mapping[str, Path]) -> str | None:
        """Why nothing was pushed."""
        pushed = json.loads((outputs["pushed_model"] / PUSHED).read_text())
        return None if pushed["pushed"] else "; ".join(pushed["reasons"])


def push(model: Path, serving_dir: Path, keep: int, findings: Mapping[str, Any] | None = None) -> Path:
    """Makes a SavedModel the newest version, unless the newest one is the same model, and drops the oldest ones.

    Killed at whatever moment, the versions there are whole; the next push removes what was left beside them.

    Args:
        model: directory of the SavedModel.
        serving_dir: of the versions.
        keep: how many stay.
        findings: for the model card, which was written before the model was judged.

    Returns:
        The newest version's directory.
    """
    there = list(versions_in(serving_dir).values())
    place = there[-1] if there else serving_dir / "0"
    if not there or card_digest(place) is None or card_digest(place) != card_digest(model):
        place = serving_dir / str(int(place.name) + 1)
        with staging_directory(place) as staging:
            shutil.copytree(model, staging, dirs_exist_ok=True)
            if findings:
                add_findings(staging, findings)
            publish(staging, place)
    for old in list(versions_in(serving_dir).values())[:-keep]:
        old.rename(old.with_name(f".{old.name}{_REMOVED}"))
    for hidden in serving_dir.glob(f".*{_REMOVED}"):
        shutil.rmtree(hidden)
    return place


def roll_back(serving_dir: Path, version: int | None = None) -> Path:
    """Serves an earlier version again, as a new one on top, so that a server picks it up and nothing is lost.

    The model that was on top is noted as withdrawn: a pipeline that runs again does not push it again.

    Args:
        serving_dir: of the versions.
        version: which; the one before the newest where None.
    """
    there = versions_in(serving_dir)
    if version is None:
        if len(there) < 2:
            raise UserError(f"{serving_dir} holds {len(there)} version: there is none to go back to")
        version = sorted(there)[-2]
    if version not in there:
        names = ", ".join(map(str, sorted(there))) or "none"
        raise UserError(f"{serving_dir} has no version {version}: there are {names}")
    newest, wanted = (card_digest(there[number]) for number in (max(there), version))
    digests = {name for name in (*withdrawn(serving_dir), newest) if name is not None and name != wanted}
    atomic.write_text(serving_dir / WITHDRAWN, json.dumps(sorted(digests)) + "\n")
    return push(there[version], serving_dir, keep=len(there) + 1)


def withdrawn(serving_dir: Path) -> set[str]:
    """Digests of the models that a rollback took off the top."""
    file = serving_dir / WITHDRAWN
    return set(json.loads(file.read_text())) if file.is_file() else set()


def card_digest(version: Path) -> str | None:
    """The digest of the weights, as the model card states it; None for a model without a card."""
    try:
        return json.loads((version / "model_card.json").read_text())["model_digest"]
    except (FileNotFoundError, KeyError, ValueError):
        return None
