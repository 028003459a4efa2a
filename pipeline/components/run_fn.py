"""The training in the form that TFX's Trainer calls: `run_fn(fn_args)`."""

import shutil
from pathlib import Path
from typing import Any, Protocol

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.runs.run_directory import RunDirectory
from tfgan_thyroid.serving.export.saved_model import export_generator
from tfgan_thyroid.training import distribution, runtime
from tfgan_thyroid.training.fit import fit
from tfgan_thyroid.training.new_run import new_record, resumed_record


class FnArgs(Protocol):
    """What of TFX's `FnArgs` is read."""

    # Patterns of the training records, `.../Split-train/*`; beside the splits lies `dataset.json`.
    train_files: list[str]
    serving_model_dir: str  # where the SavedModel goes, `.../Format-Serving`
    model_run_dir: str  # where logs, pictures and checkpoints go
    # `preset`, the name of one, and `overrides`, fields of `Config` that differ from it; also, where replicas share
    # each batch, `strategy` and `replicas`.
    custom_config: dict[str, Any]


def run_fn(fn_args: FnArgs) -> None:
    """Trains a generator, or goes on with the training that `model_run_dir` holds, and exports it."""
    runtime.prepare()  # here, since TFX's own Trainer calls this function alone
    data = Path(fn_args.train_files[0]).parent.parent
    preset, overrides = fn_args.custom_config["preset"], fn_args.custom_config["overrides"]
    runs = Path(fn_args.model_run_dir)
    if runs.is_dir() and any(runs.glob("*/config.json")):
        run = RunDirectory.latest(runs)
        run.write(resumed_record(run.read(), data, None, None, overrides))
    else:
        run = RunDirectory.create(runs, new_record(data, "train", preset, overrides))
    options, batch_size = fn_args.custom_config, run.read().config.batch_size
    replicated = distribution.start(options.get("strategy", "none"), batch_size, options.get("replicas"))
    model = fit(run, None, replicated)
    iterations, reached = model.config.iterations, int(model.iteration.numpy())
    if reached < iterations:
        raise UserError(f"training was stopped at iteration {reached} of {iterations}; its checkpoint is kept")
    export = runs / "export"
    shutil.rmtree(export, ignore_errors=True)  # what a killed export left
    serving = Path(fn_args.serving_model_dir)
    serving.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(export_generator(run, export), serving)
    shutil.rmtree(export)
