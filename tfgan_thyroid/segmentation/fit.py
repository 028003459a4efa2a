"""The fit of a U-Net, from its last checkpoint to its last epoch, with a run directory or without."""

import logging
import signal
from collections.abc import Sequence
from dataclasses import asdict

import keras
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from tfgan_thyroid.callbacks.stopping import NonFiniteGuard, StopOnSignal
from tfgan_thyroid.runs.checkpoints import list_checkpoints, refuse_diverged, restore
from tfgan_thyroid.runs.run_directory import RunDirectory, forget_after
from tfgan_thyroid.segmentation import checkpoints
from tfgan_thyroid.segmentation.batches import Part, epoch_steps, segmentation_batches, training_parts
from tfgan_thyroid.segmentation.config import SegmentationConfig
from tfgan_thyroid.segmentation.examples import SegmentationExamples
from tfgan_thyroid.segmentation.model import SegmentationModel, build_segmentation_model
from tfgan_thyroid.segmentation.new_run import SegmentationData
from tfgan_thyroid.segmentation.overlays import SegmentationOverlays
from tfgan_thyroid.segmentation.record import read_record
from tfgan_thyroid.segmentation.training_log import SegmentationLog

LOG = logging.getLogger(__name__)
REMEDY = "start a new run with --set learning_rate=0.001, or in float32"
"""For a training that diverged."""


def train_unet(
    config: SegmentationConfig,
    labelled: SegmentationExamples,
    synthetic: SegmentationExamples | None = None,
    in_epoch: int | None = None,
) -> SegmentationModel:
    """Trains a U-Net for all its epochs, in memory: nothing is written, logged or restored.

    Args:
        config: early stopping, which needs a run directory, must be off.
        labelled: all of them are used.
        synthetic: beside them, weighted and with a share of each batch as the configuration says.
        in_epoch: steps that count as an epoch, if not as many as these examples fill: a training with more examples
            is compared with one of as many steps, on the same schedule.
    """
    parts = training_parts(config, labelled, synthetic)
    model = build_segmentation_model(config, in_epoch or epoch_steps(parts))
    advance(model, parts, [NonFiniteGuard(remedy=REMEDY)])
    return model


def fit_unet(run: RunDirectory, data: SegmentationData) -> SegmentationModel:
    """Trains the run of a directory, new or stopped, to its last epoch or until a signal.

    Returns:
        The trained model: of the best epoch where training may stop early and has ended, else of the last step.

    Raises:
        UserError: a checkpoint does not fit, training diverged or a file was refused.
    """
    record = read_record(run)
    config = record.config
    parts = training_parts(config, data.labelled, data.synthetic)
    model = build_segmentation_model(config, epoch_steps(parts))
    refuse_diverged(run)
    if list_checkpoints(run):
        restore(model, checkpoints.find(run))
    for path in (run.stats_file, run.metrics_file):
        forget_after(path, int(model.iteration.numpy()))
    if is_finished(run, model):
        LOG.info("nothing to do: epoch %d of %d is done", model.epoch, config.epochs)
    else:
        writer = tf.summary.create_file_writer(str(run.tensorboard))
        with writer.as_default():
            hparams.hparams({**asdict(config), **record.stack})
        stop = StopOnSignal()
        shown = data.validation if data.validation is not None else data.labelled
        callbacks = [
            NonFiniteGuard(run, REMEDY),
            SegmentationLog(run, writer, data.validation),
            SegmentationOverlays(writer, shown),
            stop,
            checkpoints.EpochCheckpoints(run),
        ]
        with stop.listening():
            advance(model, parts, callbacks)
        writer.close()
        if stop.received is not None:
            name = signal.Signals(stop.received).name
            LOG.info("stopped by %s in epoch %d of %d, saved", name, model.epoch + 1, config.epochs)
    if config.early_stopping and is_finished(run, model):
        restore(model, checkpoints.find(run, "best"))
    return model


def is_finished(run: RunDirectory, model: SegmentationModel) -> bool:
    """Whether the last epoch is done, or an earlier one was the last because the eval split's Dice grew no more."""
    config = model.config
    stopped_early = 0 < config.early_stopping <= checkpoints.epochs_since_best(run)
    return model.epoch >= config.epochs or stopped_early


def advance(model: SegmentationModel, parts: Sequence[Part], callbacks: list[keras.callbacks.Callback]) -> None:
    """Trains a model from its finished steps to its last epoch."""
    config, start = model.config, int(model.iteration.numpy())
    batches = segmentation_batches(parts, config.augmentation, config.seed, start)
    steps = config.epochs * model.steps_per_epoch - start
    model.fit(batches, steps_per_epoch=steps, callbacks=callbacks, shuffle=False, verbose=0)
