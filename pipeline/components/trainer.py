"""Trainer: a generator from a data set, as a SavedModel and as the run that made it."""

import shutil
import types
from typing import Any

from pipeline.orchestration.component import Component, Workplace


class Trainer(Component):
    """Calls `run_fn`; the model artifact holds `Format-Serving/`, the run artifact the run directory.

    Args:
        preset: where the configuration starts from.
        overrides: fields of `Config` that differ from it.
    """

    inputs = {
        "examples": "ExampleGen.examples",
        "schema": "SchemaGen.schema",
        "anomalies": "ExampleValidator.anomalies",
    }
    outputs = {"model": "Model", "model_run": "ModelRun"}
    code = (
        "pipeline/components/run_fn.py",
        "tfgan_thyroid/config.py",
        "tfgan_thyroid/data/input_pipeline.py",
        "tfgan_thyroid/layers",
        "tfgan_thyroid/losses",
        "tfgan_thyroid/models",
        "tfgan_thyroid/networks",
        "tfgan_thyroid/serving/saved_model.py",
        "tfgan_thyroid/serving/signatures.py",
        "tfgan_thyroid/training/fit.py",
    )

    def __init__(self, preset: str, overrides: dict[str, Any]) -> None:
        super().__init__(preset=preset, overrides=overrides)

    def run(self, workplace: Workplace) -> None:
        """Trains in scratch, where a killed training is found again, then moves the run to its output.

        Raises:
            UserError: as `run_fn`.
        """
        from pipeline.components.run_fn import run_fn
        from tfgan_thyroid.run_directory import RunDirectory
        from tfgan_thyroid.training import runtime

        runtime.prepare()
        runs = workplace.scratch / "runs"
        model = workplace.scratch / "model"
        shutil.rmtree(model, ignore_errors=True)
        run_fn(
            types.SimpleNamespace(
                train_files=[str(workplace.inputs["examples"] / "Split-train" / "*")],
                serving_model_dir=str(model / "Format-Serving"),
                model_run_dir=str(runs),
                custom_config=self.parameters,
            )
        )
        shutil.move(model / "Format-Serving", workplace.outputs["model"] / "Format-Serving")
        run = RunDirectory.latest(runs).path
        for path in run.iterdir():
            shutil.move(path, workplace.outputs["model_run"] / path.name)
