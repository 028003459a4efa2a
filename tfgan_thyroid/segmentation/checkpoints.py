"""Which checkpoint of a U-Net is the best, and when it is saved."""

from pathlib import Path

import keras

from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.run_directory import RunDirectory, read_lines

BEST_METRIC = "eval_dice"


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
    return checkpoints.find(run, which if which == "latest" else str(best_iteration(run)))


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
            checkpoints.save(self.run, model, best_iteration)

    def on_train_end(self, logs: dict | None = None) -> None:
        """Saves the last step."""
        checkpoints.save(self.run, self.model, best_iteration)
