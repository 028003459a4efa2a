"""The losses and the eval split's Dice of each epoch: a line with an ETA, JSON lines, and TensorBoard's scalars."""

import datetime
import logging
import time

import keras
import numpy as np
import psutil
import tensorflow as tf

from tfgan_thyroid.runs.run_directory import RunDirectory, append_line
from tfgan_thyroid.segmentation import checkpoints as segmentation_checkpoints
from tfgan_thyroid.segmentation.examples import SegmentationExamples
from tfgan_thyroid.segmentation.metrics import confusion

LOG = logging.getLogger(__name__)


class SegmentationLog(keras.callbacks.Callback):
    """Logs each epoch, and stops training where the eval split's Dice has not grown for long enough.

    `stats.jsonl` gets the mean losses over the epoch's steps, `metrics.jsonl` the means over the images of the eval
    split. The ETA leaves out the first epoch, which traces the graph.
    """

    def __init__(
        self, run: RunDirectory, writer: tf.summary.SummaryWriter, validation: SegmentationExamples | None
    ) -> None:
        super().__init__()
        self.run = run
        self.writer = writer
        self.validation = validation

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Starts the clocks."""
        self.epoch_started = time.perf_counter()
        self.durations: list[float] = []

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Logs at the end of an epoch."""
        if int(self.model.iteration.numpy()) % self.model.steps_per_epoch:
            return
        self.durations.append(time.perf_counter() - self.epoch_started)
        values = self._losses()
        iteration = int(self.model.iteration.numpy())
        place = {"iteration": iteration, "epoch": self.model.epoch}
        append_line(self.run.stats_file, {**place, **values, "seconds": self.durations[-1]})
        if self.validation is not None:
            scores = self._validate(self.validation)
            append_line(self.run.metrics_file, {**place, **scores})
            values = {**values, **scores}
        with self.writer.as_default(step=self.model.epoch):
            for name, value in values.items():
                tf.summary.scalar(f"{'metrics' if name.startswith('eval_') else 'losses'}/{name}", value)
        self.writer.flush()
        self._say(values)
        patience = self.model.config.early_stopping
        if patience and segmentation_checkpoints.epochs_since_best(self.run) >= patience:
            LOG.info("stopped early: no better Dice on the eval split for %d epochs", patience)
            self.model.stop_training = True
        self.epoch_started = time.perf_counter()

    def _losses(self) -> dict[str, float]:
        model = self.model
        means = model.loss_sums.numpy() / model.steps_per_epoch
        last_step = model.iteration.numpy() - 1
        return {
            **{name: float(mean) for name, mean in zip(model.LOSSES, means, strict=True)},
            "learning_rate": float(model.schedule(last_step)),
        }

    def _validate(self, examples: SegmentationExamples) -> dict[str, float]:
        predicted = self.model.predict_masks(examples.images)
        counts = [confusion(*pair) for pair in zip(examples.masks[..., 0], predicted, strict=True)]
        return {
            "eval_dice": float(np.mean([c.dice for c in counts])),
            "eval_iou": float(np.mean([c.iou for c in counts])),
        }

    def _say(self, values: dict[str, float]) -> None:
        timed = self.durations[1:] or self.durations
        left = (self.model.config.epochs - self.model.epoch) * sum(timed) / len(timed)
        LOG.info(
            "epoch %d/%d  %s  %.1f s/epoch  ETA %s  memory %.2f GiB",
            self.model.epoch,
            self.model.config.epochs,
            "  ".join(f"{name} {value:.4g}" for name, value in values.items()),
            sum(timed) / len(timed),
            datetime.timedelta(seconds=round(left)),
            psutil.Process().memory_info().rss / 2**30,
        )
