"""Losses of each logged iteration: a line with an ETA, `stats.jsonl`, and TensorBoard's scalars."""

import logging
import time

import keras
import psutil
import tensorflow as tf

from tfgan_thyroid.callbacks.board import describe_loss, headline, write_layout
from tfgan_thyroid.callbacks.metrics_logger import metric_names
from tfgan_thyroid.callbacks.time_to_go import TimeToGo
from tfgan_thyroid.runs.run_directory import RunDirectory, append_line

LOG = logging.getLogger(__name__)


class TrainingLog(keras.callbacks.Callback):
    """Logs every `log_every` iterations, and the last one.

    Images per second are the batch size over the seconds of an iteration, without pictures and checkpoints; the ETA
    counts them in. The first iteration, which traces the graph, is left out of both where there is a second.

    Args:
        run: whose `stats.jsonl` is appended to.
        writer: of TensorBoard.
    """

    def __init__(self, run: RunDirectory, writer: tf.summary.SummaryWriter) -> None:
        super().__init__()
        self.run = run
        self.writer = writer
        self.logged_iteration: int | None = None
        self.latest: dict[str, float] = {}

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Starts the clocks."""
        self.first_iteration = int(self.model.iteration.numpy()) + 1
        self.durations: list[float] = []
        config = self.model.config
        # A checkpoint comes with metrics, and on a picture's iteration with that picture.
        intervals = {"checkpoint": config.checkpoint_every, "picture": config.image_every}
        self.to_go = TimeToGo(intervals, config.iterations)
        self.iteration_ended: float | None = None

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Starts an iteration's clock."""
        self.iteration_started = time.perf_counter()
        if self.iteration_ended is not None:
            self.to_go.add_pause(int(self.model.iteration.numpy()), self.iteration_started - self.iteration_ended)

    def on_train_batch_end(self, batch: int, logs: dict) -> None:
        """Logs at the interval."""
        self.latest = {name: float(value) for name, value in logs.items()}
        iteration = int(self.model.iteration.numpy())
        now = time.perf_counter()
        self.durations.append(now - self.iteration_started)
        self.to_go.add_iteration(self.durations[-1])
        self.iteration_ended = now
        config = self.model.config
        if iteration % config.log_every == 0 or iteration == config.iterations:
            self._log(iteration)

    def on_train_end(self, logs: dict | None = None) -> None:
        """Logs the iteration that a signal made the last."""
        iteration = int(self.model.iteration.numpy())
        if self.latest and self.logged_iteration != iteration:
            self._log(iteration)

    def _log(self, iteration: int) -> None:
        traced = 1 if iteration - len(self.durations) < self.first_iteration and len(self.durations) > 1 else 0
        timed = self.durations[traced:]
        images_per_second = self.model.config.batch_size * len(timed) / sum(timed)
        self.durations = []
        if self.logged_iteration is None:
            write_layout(self.writer, self.latest, metric_names(self.model.config))
        self.logged_iteration = iteration
        append_line(
            self.run.stats_file, {"iteration": iteration, **self.latest, "images_per_second": images_per_second}
        )
        with self.writer.as_default(step=iteration):
            for name, value in self.latest.items():
                tf.summary.scalar(f"losses/{name}", value, description=describe_loss(name))
            seen = "Batch size over the seconds of an iteration, without pictures and checkpoints"
            tf.summary.scalar("speed/images_per_second", images_per_second, description=seen)
        self.writer.flush()
        shown = {name: self.latest[name] for name in headline(self.latest)}
        losses = "  ".join(f"{name} {value:.4g}" for name, value in shown.items())
        LOG.info(
            "iteration %d/%d  %s  %.1f images/s  ETA %s  memory %.2f GiB",
            iteration,
            self.model.config.iterations,
            losses,
            images_per_second,
            self.to_go.text(iteration),
            psutil.Process().memory_info().rss / 2**30,
        )
