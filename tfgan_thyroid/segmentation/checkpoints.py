"""Checkpoints of a U-Net: each whole, in a directory that appears by a rename."""

from pathlib import Path

import keras
import tensorflow as tf

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.runs.checkpoints import MISFITS, drop_old, list_checkpoints, unreadable, write_state
from tfgan_thyroid.runs.run_directory import RunDirectory, read_lines
from tfgan_thyroid.segmentation.model import SegmentationModel

BEST_METRIC = "eval_dice"


def save(run: RunDirectory, model: SegmentationModel) -> Path:
    """Writes network, optimizer, step and the epoch's losses; then drops all but the last two and the best.

    The order of the examples is a function of the step, so that it needs no file.

    Raises:
        UserError: the file system refused it, or a weight is not finite; earlier checkpoints stay as they were.
    """
    path = write_state(run, model)
    drop_old(run, best_iteration(run))
    return path


def best_iteration(run: RunDirectory) -> int | None:
    """The step of the epoch with the highest Dice on the eval split, the first of equals; None without any."""
    scores = {line["iteration"]: line[BEST_METRIC] for line in read_lines(run.metrics_file)}
    return max(scores, key=scores.__getitem__, default=None)


def epochs_since_best(run: RunDirectory) -> int:
    """Epochs that have passed without a better Dice on the eval split."""
    lines = read_lines(run.metrics_file)
    best = best_iteration(run)
    return sum(line["iteration"] > best for line in lines) if best is not None else 0


def find(run: RunDirectory, which: str = "latest") -> Path:
    """The checkpoint named `latest` or `best`."""
    checkpoints = list_checkpoints(run)
    wanted = checkpoints[-1:] if which == "latest" else [c for c in checkpoints if int(c.name) == best_iteration(run)]
    if not wanted:
        raise UserError(f"{run.path} has no {which} checkpoint yet")
    return wanted[0]


def restore(model: SegmentationModel, checkpoint: Path) -> None:
    """Restores everything; the model must be compiled, so that each optimizer slot exists and is matched."""
    try:
        status = tf.train.Checkpoint(**model.state()).read(str(checkpoint / "state"))
        status.assert_existing_objects_matched().assert_consumed()
    except MISFITS as error:
        raise unreadable(checkpoint, error, "does not fit this model") from None


class EpochCheckpoints(keras.callbacks.Callback):
    """Saves every `checkpoint_every` epochs, after each epoch that was the best so far where training may stop early,
    and when training ends, by its plan or by a signal.
    """

    def __init__(self, run: RunDirectory) -> None:
        super().__init__()
        self.run = run

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Saves when due."""
        iteration, model = int(self.model.iteration.numpy()), self.model
        if iteration % model.steps_per_epoch:
            return
        is_best = model.config.early_stopping and best_iteration(self.run) == iteration
        if is_best or model.epoch % model.config.checkpoint_every == 0:
            save(self.run, model)

    def on_train_end(self, logs: dict | None = None) -> None:
        """Saves the last step."""
        save(self.run, self.model)
