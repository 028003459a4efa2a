"""The fit: data, model and callbacks of a run directory, from its last checkpoint to its last iteration."""

import json
import logging
import signal
import tempfile
from dataclasses import asdict
from pathlib import Path

import keras
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from tfgan_thyroid.callbacks.checkpoint_writer import CheckpointWriter
from tfgan_thyroid.callbacks.image_grids import ImageGrids
from tfgan_thyroid.callbacks.latent_projector import LatentProjector
from tfgan_thyroid.callbacks.metrics_logger import MetricsLogger
from tfgan_thyroid.callbacks.standing_statistics import StandingStatistics
from tfgan_thyroid.callbacks.stopping import NonFiniteGuard, StopOnSignal
from tfgan_thyroid.callbacks.training_log import TrainingLog
from tfgan_thyroid.data.records.input_pipeline import load_images, training_batches
from tfgan_thyroid.data.records.used_scans import used_scans, write_used_scans
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.models.generative_model import GenerativeModel
from tfgan_thyroid.models.registry import build_model
from tfgan_thyroid.needed_scans import training_remarks
from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.run_directory import RunDirectory, RunRecord, forget_after
from tfgan_thyroid.training.curves import draw_curves
from tfgan_thyroid.training.distribution import LOST_WORKER, Distribution

LOG = logging.getLogger(__name__)

# Real images held in memory for grids, metrics and the projector.
SHOWN_IMAGES = 2_000


def fit(run: RunDirectory, init_from: Path | None = None, distribution: Distribution | None = None) -> GenerativeModel:
    """Trains the run of a directory, new or stopped, to its last iteration or until a signal.

    Args:
        run: holds the record of what to train, and the checkpoints of an earlier part of it.
        init_from: a checkpoint whose networks a new run starts from.
        distribution: the replicas that share each batch; None trains in this process alone.

    Returns:
        The trained model; its `iteration` says how far it came.

    Raises:
        UserError: the data set is not there, a checkpoint does not fit, training diverged, a file was refused or the
            workers do not agree on what to train.
    """
    distribution = distribution or Distribution()
    try:
        return _fit(run, init_from, distribution)
    except tf.errors.DataLossError:
        raise UserError(
            f"a record of {run.read().data} is damaged: write the data set again with pipeline.preprocess --overwrite, "
            "then --resume this run"
        ) from None
    except LOST_WORKER:
        if distribution.cluster is None:
            raise
        raise UserError(
            "another worker has stopped or cannot be reached, so this one stops too; go on from the last checkpoint "
            "by the same commands with --resume latest, or in one process with --resume latest --strategy none"
        ) from None


def take_part(
    run: RunDirectory | None, record: RunRecord, init_from: Path | None, distribution: Distribution
) -> GenerativeModel:
    """Trains as a worker that is not the chief: it reads the checkpoints of the run and writes nothing to it."""
    with tempfile.TemporaryDirectory() as folder:
        own = RunDirectory.create(Path(folder), record)
        if run is not None:
            own.checkpoints.rmdir()
            own.checkpoints.symlink_to(run.checkpoints.resolve())
        return fit(own, init_from, distribution)


def _fit(run: RunDirectory, init_from: Path | None, distribution: Distribution) -> GenerativeModel:
    record = run.read()
    config, directory = record.config, Path(record.data)
    distribution.agree(_plan(run, record, init_from))
    with distribution.strategy.scope():
        model = build_model(config)
    start = _restore(run, model, init_from)
    if start >= config.iterations:
        LOG.info("nothing to do: iteration %d of %d is done", start, config.iterations)
        return model
    scans = used_scans(directory, record.split, record.scan_ids)
    write_used_scans(run.scans_file, scans)
    for remark in training_remarks(len(scans), (config.data_augmentation, config.augment) != ("none", "none")):
        LOG.warning("warning: %s", remark)
    batches = distribution.batches(
        lambda part, parts: training_batches(
            directory,
            record.split,
            config.batch_size,
            model.real_batches,
            config.seed,
            start,
            config.paired,
            record.scan_ids,
            part,
            parts,
            augmentation=config.data_augmentation,
        )
    )
    writer = tf.summary.create_file_writer(str(run.tensorboard))
    stop = StopOnSignal(distribution.total)
    callbacks = _callbacks(run, record, writer, stop) if distribution.is_chief else [NonFiniteGuard(), stop]
    _write_hyper_parameters(writer, record)
    with stop.listening():
        steps = config.iterations - start
        model.fit(batches, steps_per_epoch=steps, callbacks=callbacks, shuffle=False, verbose=0)
    writer.close()
    if distribution.is_chief:
        draw_curves(run)
    distribution.total(0)  # no worker leaves before the chief has written all
    if stop.stopped:
        name = "a signal to another worker" if stop.received is None else signal.Signals(stop.received).name
        iteration = int(model.iteration.numpy())
        LOG.info("stopped by %s at iteration %d of %d, saved", name, iteration, config.iterations)
    return model


def _callbacks(
    run: RunDirectory, record: RunRecord, writer: tf.summary.SummaryWriter, stop: StopOnSignal
) -> list[keras.callbacks.Callback]:
    """What watches a training and writes its run, in the order of an iteration's end."""
    shown = load_images(Path(record.data), record.split, SHOWN_IMAGES, record.config.paired, record.scan_ids)
    return [
        NonFiniteGuard(run),
        TrainingLog(run, writer),
        StandingStatistics(),
        ImageGrids(run, writer, shown),
        MetricsLogger(run, writer, shown),
        stop,
        CheckpointWriter(run),
        LatentProjector(run, shown),
    ]


def _plan(run: RunDirectory, record: RunRecord, init_from: Path | None) -> str:
    """All that decides what is computed, and no path, which may differ from machine to machine."""
    checkpoint = [path.name for path in (*checkpoints.list_checkpoints(run)[-1:], *([init_from] if init_from else []))]
    return json.dumps({**asdict(record), "data": "", "checkpoint": checkpoint}, sort_keys=True)


def _restore(run: RunDirectory, model: GenerativeModel, init_from: Path | None) -> int:
    """The iteration that training starts after."""
    checkpoints.refuse_diverged(run)
    if checkpoints.list_checkpoints(run):
        checkpoints.restore(model, checkpoints.find(run, "latest"))
    elif init_from is not None:
        checkpoints.restore_networks(model, init_from)
    start = int(model.iteration.numpy())
    for path in (run.stats_file, run.metrics_file):
        forget_after(path, start)
    return start


def _write_hyper_parameters(writer: tf.summary.SummaryWriter, record: RunRecord) -> None:
    with writer.as_default():
        hparams.hparams({**asdict(record.config), **record.stack})
