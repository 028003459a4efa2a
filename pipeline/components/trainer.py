"""Trainer: a generator from a data set, as a SavedModel and as the run that made it."""

import dataclasses
import json
import os
import shutil
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.components.component import NOT_IN_FINGERPRINT, Component
from pipeline.components.workplace import Workplace


@dataclass(frozen=True)
class Trainer(Component):
    """Calls `run_fn`; the model artifact holds `Format-Serving/`, the run artifact the run directory."""

    inputs = {
        "examples": "ExampleGen.examples",
        "schema": "SchemaGen.schema",
        "anomalies": "ExampleValidator.anomalies",
    }
    outputs = {"model": "Model", "model_run": "ModelRun"}
    ignored_modules = ("tfgan_thyroid.metrics", "tfgan_thyroid.callbacks", "tfgan_thyroid.training.curves")
    packages = ("tensorflow", "keras")

    preset: str  # where the configuration starts from
    overrides: dict[str, Any]  # fields of `Config` that differ from it
    # How replicas share each batch; the losses are the same.
    strategy: str = field(default="none", metadata=NOT_IN_FINGERPRINT)
    replicas: int | None = field(default=None, metadata=NOT_IN_FINGERPRINT)  # of the strategy

    def run(self, workplace: Workplace) -> None:
        """Trains in scratch, where a killed training is found again, then links what came out to the outputs.

        Raises:
            UserError: as `run_fn`.
        """
        from pipeline.components.run_fn import run_fn
        from tfgan_thyroid.runs.run_directory import RunDirectory

        runs = workplace.scratch / "runs"
        model = workplace.scratch / "model"
        shutil.rmtree(model, ignore_errors=True)
        run_fn(
            types.SimpleNamespace(
                train_files=[str(workplace.inputs["examples"] / "Split-train" / "*")],
                serving_model_dir=str(model / "Format-Serving"),
                model_run_dir=str(runs),
                custom_config=dataclasses.asdict(self),
            )
        )
        # Linked, not moved: killed before its outputs are artifacts, a training of hours is still found in scratch.
        for made, output in ((model, "model"), (RunDirectory.latest(runs).path, "model_run")):
            shutil.copytree(made, workplace.outputs[output], copy_function=_link, dirs_exist_ok=True)

    def properties(self, outputs: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
        """The digest of the weights, as the model card has it."""
        card = json.loads((outputs["model"] / "Format-Serving" / "model_card.json").read_text())
        return {"model": {"model_digest": card["model_digest"]}}


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copy2(source, target)
