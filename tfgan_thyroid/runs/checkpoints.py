"""Checkpoints: everything a resumed run needs, in one directory an iteration that appears by a rename."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tfgan_thyroid import atomic
from tfgan_thyroid.errors import UserError, file_error_reason
from tfgan_thyroid.metric_catalog import shortfall
from tfgan_thyroid.models.generative_model import GenerativeModel
from tfgan_thyroid.runs.run_directory import RunDirectory, read_lines

KEPT = 2

_MISFITS = (AssertionError, ValueError, IndexError, tf.errors.OpError)
"""What TensorFlow raises for a checkpoint of another model, or for damaged files (IndexError: a file is cut short)."""


def save(run: RunDirectory, model: keras.Model, best: Callable[[RunDirectory], int | None] | None = None) -> Path:
    """Writes the state of all networks, optimizers and the iteration; then drops all but the last two and the best.

    The random state and the position in the data are functions of the iteration, so that they need no file.

    Args:
        run: where to.
        model: a generative model or a U-Net's: its `state()` is written.
        best: finds the best iteration; by default by the `best_metric` of the configuration.

    Raises:
        UserError: the file system refused it, or a weight is not finite; earlier checkpoints stay as they were.
    """
    iteration = int(model.iteration.numpy())
    path = run.checkpoints / f"{iteration:08d}"
    if not path.exists():
        _check_finite(run, model.networks, iteration)
        try:
            with atomic.new_directory(path) as temporary:
                tf.train.Checkpoint(**model.state()).write(str(temporary / "state"))
        except tf.errors.OpError as error:
            reason = file_error_reason(error.message)
            raise UserError(f"cannot write checkpoint {path}: {reason}; earlier checkpoints are whole") from None
    checkpoints = list_checkpoints(run)
    best_one = best(run) if best else best_iteration(run, model.config.best_metric)
    for old in checkpoints[:-KEPT]:
        if int(old.name) != best_one:
            shutil.rmtree(old)
    return path


def _check_finite(run: RunDirectory, networks: Mapping[str, keras.Model], iteration: int) -> None:
    """Refuses to save weights that are NaN or infinite.

    Raises:
        UserError: as `diverged`.
    """
    for name, network in networks.items():
        for weight in network.trainable_variables:
            if not bool(tf.reduce_all(tf.math.is_finite(weight))):
                raise diverged(run, f"at iteration {iteration}: weights of the {name} are not finite")


def diverged(run: RunDirectory | None, found: str, remedy: str | None = None) -> UserError:
    """The failure of a training that diverged, which is written to its run, too: resumed, it would repeat itself.

    Args:
        run: that diverged; None where nothing is written.
        found: what is not finite, and where.
        remedy: what the user can do; by default for a generative model.
    """
    if remedy is None:
        remedy = "lower the learning rate (--set learning_rate=...), or use float32, and start a new run"
        if run is not None:
            saved = list_checkpoints(run)
            start = (
                f"starts it from this run's iteration {int(saved[-1].name)}" if saved else "cannot: no checkpoint yet"
            )
            remedy += f"; --init-from {run.path} {start}"
    message = f"training diverged {found}: {remedy}"
    if run is not None:
        atomic.write_text(run.diverged_file, message + "\n")
    return UserError(message)


def refuse_diverged(run: RunDirectory) -> None:
    """Refuses to resume a run that diverged.

    Raises:
        UserError: it did, with the message that it ended with.
    """
    if run.diverged_file.exists():
        message = run.diverged_file.read_text(encoding="utf-8").strip()
        raise UserError(f"{message}; resumed, this run would repeat itself (remove {run.diverged_file} to try it)")


def list_checkpoints(run: RunDirectory) -> list[Path]:
    """The whole checkpoints of a run, oldest first."""
    return sorted(path for path in run.checkpoints.glob("[0-9]*") if path.name.isdigit())


def find(run: RunDirectory, which: str) -> Path:
    """The checkpoint named `latest`, `best` (by the run's `best_metric`) or an iteration.

    Raises:
        UserError: there is none.
    """
    checkpoints = list_checkpoints(run)
    if not checkpoints:
        raise UserError(f"{run.path} has no checkpoint yet")
    if which == "latest":
        return checkpoints[-1]
    if which == "best":
        metric = run.read().config.best_metric
        best = best_iteration(run, metric)
        if best is None:
            raise UserError(f"{run.path} has no {metric} to choose the best checkpoint by; use latest")
        return run.checkpoints / f"{best:08d}"
    for path in checkpoints:
        if which.isdigit() and int(path.name) == int(which):
            return path
    there = ", ".join(str(int(path.name)) for path in checkpoints)
    raise UserError(f"{run.path} has no checkpoint {which!r}: choose latest, best or one of {there}")


def best_iteration(run: RunDirectory, metric: str) -> int | None:
    """The iteration of the kept checkpoint that does best, the earlier of two that do as well; None before any metric.

    Args:
        run: whose `metrics.jsonl` is read.
        metric: by name, such as `mmd` (the lowest is best) or `1nn` (the nearest to 0.5).
    """
    kept = {int(path.name) for path in list_checkpoints(run)}
    scores = {
        line["iteration"]: shortfall(metric, line[metric]["mean"], line[metric]["floor"])
        for line in read_lines(run.metrics_file)
        if metric in line and line["iteration"] in kept
    }
    return min(scores, key=lambda iteration: (scores[iteration], iteration), default=None)


def restore(model: keras.Model, checkpoint: Path) -> None:
    """Restores everything; the model must be compiled, so that each optimizer slot exists and is matched.

    Raises:
        UserError: the checkpoint is damaged or does not fit this model.
    """
    read(model.state(), checkpoint, partial=False)


def restore_networks(model: GenerativeModel, checkpoint: Path) -> None:
    """Restores the networks alone, as the start of another run; the average forgets its own start by its ramp."""
    read(model.networks, checkpoint)


def read(
    objects: Mapping[str, Any], checkpoint: Path, misfit: str = "does not fit this model", partial: bool = True
) -> None:
    """Restores some objects of a checkpoint by name.

    Args:
        objects: each must be in the checkpoint, whole and of the same shapes.
        checkpoint: a directory under the run's `checkpoints`.
        misfit: what is wrong where the files are whole.
        partial: whether the checkpoint may hold more.

    Raises:
        UserError: the checkpoint is damaged, or of another model.
    """
    try:
        status = tf.train.Checkpoint(**objects).read(str(checkpoint / "state")).assert_existing_objects_matched()
        status.expect_partial() if partial else status.assert_consumed()
    except _MISFITS as error:
        reason = str(error).splitlines()[0][:200]
        if _is_whole(checkpoint):
            raise UserError(f"checkpoint {checkpoint} {misfit} ({reason})") from None
        raise UserError(f"checkpoint {checkpoint} is damaged ({reason}): {_remedy(checkpoint)}") from None


def _remedy(damaged: Path) -> str:
    run = RunDirectory(damaged.parents[1])
    for older in reversed(list_checkpoints(run)):
        if older.name < damaged.name and _is_whole(older):
            number = int(older.name)
            return f"iteration {number} is whole: take it by --checkpoint {number}, or remove {damaged} and --resume"
    return "no older one is whole: start a new run"


def _is_whole(checkpoint: Path) -> bool:
    """Whether every value of a checkpoint can be read; TensorFlow compares check sums."""
    try:
        reader = tf.train.load_checkpoint(str(checkpoint / "state"))
        for name in reader.get_variable_to_dtype_map():
            reader.get_tensor(name)
    except _MISFITS:
        return False
    return True
