"""MMD, 1-NN and the metric of the best checkpoint beside every checkpoint, in `metrics.jsonl` and TensorBoard."""

import functools
import logging

import keras
import numpy as np
import tensorflow as tf

from tfgan_thyroid.callbacks.board import describe_metric
from tfgan_thyroid.config import Config
from tfgan_thyroid.data.preprocessing import quantize
from tfgan_thyroid.metrics.suite import evaluate_metrics, smallest_draw
from tfgan_thyroid.runs.run_directory import RunDirectory, append_line

LOG = logging.getLogger(__name__)
ALWAYS = ("mmd", "1nn")
GENERATION_BATCH = 50
REAL_AGAINST_REAL = "real-against-real"


def metric_names(config: Config) -> list[str]:
    """Those that are computed beside every checkpoint."""
    return list(dict.fromkeys((*ALWAYS, config.best_metric)))


class MetricsLogger(keras.callbacks.Callback):
    """Compares generated with real images every `checkpoint_every` iterations, and at the last one.

    Args:
        run: whose `metrics.jsonl` is appended to.
        writer: of TensorBoard.
        real_images: uint8 `[N, H, W, C]`, those that the generator is trained on; of a pair, the image is compared.
    """

    def __init__(self, run: RunDirectory, writer: tf.summary.SummaryWriter, real_images: np.ndarray) -> None:
        super().__init__()
        self.run = run
        self.writer = writer
        self.real_images = real_images[..., :1]

    @functools.cached_property
    def real_writer(self) -> tf.summary.SummaryWriter:
        """Of a run of its own for real against real: TensorBoard draws it into the charts of the metrics."""
        return tf.summary.create_file_writer(str(self.run.tensorboard / REAL_AGAINST_REAL))

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Says so where there are too few images for metrics."""
        config, names = self.model.config, metric_names(self.model.config)
        if config.metric_samples and not self._enough():
            LOG.warning(
                "no metrics during training: draws of %s hold at least %d images; %d scans, metric_samples %d",
                ", ".join(names),
                smallest_draw(names),
                len(self.real_images),
                config.metric_samples,
            )

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Computes at the interval."""
        iteration, config = int(self.model.iteration.numpy()), self.model.config
        due = iteration % config.checkpoint_every == 0 or iteration == config.iterations
        if due and self._enough():
            self._log(iteration)

    def _enough(self) -> bool:
        return min(self.model.config.metric_samples, len(self.real_images)) >= smallest_draw(
            metric_names(self.model.config)
        )

    def _log(self, iteration: int) -> None:
        config = self.model.config
        generated = self._generate(config.metric_samples * config.metric_draws)
        estimates = evaluate_metrics(
            metric_names(config),
            self.real_images,
            generated,
            samples=config.metric_samples,
            draws=config.metric_draws,
            seed=config.seed,
        )
        append_line(
            self.run.metrics_file,
            {"iteration": iteration, **{name: value._asdict() for name, value in estimates.items()}},
        )
        with self.writer.as_default(step=iteration):
            for name, estimate in estimates.items():
                tf.summary.scalar(f"metrics/{name}", estimate.mean, description=describe_metric(name))
        floors = {name: estimate.floor for name, estimate in estimates.items() if estimate.floor is not None}
        if floors:
            with self.real_writer.as_default(step=iteration):
                for name, floor in floors.items():
                    tf.summary.scalar(f"metrics/{name}", floor, description=describe_metric(name))
            self.real_writer.flush()
        LOG.info("iteration %d  %s", iteration, "  ".join(_describe(name, e) for name, e in estimates.items()))

    def _generate(self, count: int) -> np.ndarray:
        batches = [
            quantize(self.model.generate(tf.range(start, start + GENERATION_BATCH, dtype=tf.int64)).numpy())
            for start in range(0, count, GENERATION_BATCH)
        ]
        return np.concatenate(batches)[:count, ..., :1]


def _describe(name: str, estimate) -> str:
    floor = "" if estimate.floor is None else f" (real {estimate.floor:.3f})"
    return f"{name} {estimate.mean:.3f}+-{estimate.std:.3f}{floor}"
