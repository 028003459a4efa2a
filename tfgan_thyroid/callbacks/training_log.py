"""Losses of each logged iteration: a line with an ETA, `stats.jsonl`, and TensorBoard's scalars."""

import datetime
import logging
import time
from collections.abc import Iterable

import keras
import psutil
import tensorflow as tf

from tfgan_thyroid.runs.run_directory import RunDirectory, append_line

LOG = logging.getLogger(__name__)


def headline(names: Iterable[str]) -> list[str]:
    """The names to show where room is short: losses and the terms with names of their own, such as `recon_l1`.

    Left out are the shares of a loss that are named after it, such as `d_real` and `d_generated` of `d_loss`.
    """
    names = list(names)
    losses = [name for name in names if name.endswith("_loss")]
    shares = tuple(name.removesuffix("loss") for name in losses)
    return [name for name in names if name in losses or not name.startswith(shares)]


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
        self.started = time.perf_counter()

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Starts an iteration's clock."""
        self.iteration_started = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict) -> None:
        """Logs at the interval."""
        self.latest = {name: float(value) for name, value in logs.items()}
        iteration = int(self.model.iteration.numpy())
        now = time.perf_counter()
        self.durations.append(now - self.iteration_started)
        if iteration == self.first_iteration:
            self.started = now
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
        self.logged_iteration = iteration
        append_line(
            self.run.stats_file, {"iteration": iteration, **self.latest, "images_per_second": images_per_second}
        )
        with self.writer.as_default(step=iteration):
            for name, value in self.latest.items():
                tf.summary.scalar(f"losses/{name}", value)
            tf.summary.scalar("speed/images_per_second", images_per_second)
        self.writer.flush()
        shown = {name: self.latest[name] for name in headline(self.latest)}
        losses = "  ".join(f"{name} {value:.4g}" for name, value in shown.items())
        LOG.info(
            "iteration %d/%d  %s  %.1f images/s  ETA %s  memory %.2f GiB",
            iteration,
            self.model.config.iterations,
            losses,
            images_per_second,
            self._eta(iteration),
            psutil.Process().memory_info().rss / 2**30,
        )

    def _eta(self, iteration: int) -> str:
        timed = iteration - self.first_iteration
        if timed == 0:
            return "unknown"
        seconds = (time.perf_counter() - self.started) / timed * (self.model.config.iterations - iteration)
        return str(datetime.timedelta(seconds=round(seconds)))
