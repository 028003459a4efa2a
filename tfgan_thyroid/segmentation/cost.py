"""What a U-Net's training will cost, from a few real steps at a small batch."""

import time
from typing import NamedTuple

import numpy as np
import psutil
import tensorflow as tf

from tfgan_thyroid.segmentation.config import SegmentationConfig
from tfgan_thyroid.segmentation.model import build_segmentation_model

LARGEST_TRIAL_BATCH = 4
TIMED_STEPS = 2


class UNetCost(NamedTuple):
    """The cost of a run."""

    parameters: int  # trainable ones
    steps_per_epoch: int  # of the examples
    seconds_per_epoch: float  # of training; an upper bound, since larger batches cost less an image
    minutes: float  # for all epochs
    memory_gib: float  # peak of the process (host memory), gibibytes
    trial_batch_size: int  # of the steps that were timed


def estimate_unet_cost(config: SegmentationConfig, steps: int) -> UNetCost:
    """Runs three steps on noise, times the last two and scales time and memory to the run's batch size."""
    trial = config.replace(batch_size=min(config.batch_size, LARGEST_TRIAL_BATCH))
    model = build_segmentation_model(trial, steps)
    shape = [trial.batch_size, trial.image_size, trial.image_size]
    images = tf.random.stateless_uniform([*shape, trial.channels], [trial.seed, 0], -1.0, 1.0)
    masks = tf.cast(images[..., :1] > 0.0, tf.float32)
    step = tf.function(model.train_step)
    resident = psutil.Process().memory_info().rss
    step((images, masks))
    start, peak = time.perf_counter(), 0
    for _ in range(TIMED_STEPS):
        float(step((images, masks))["bce"])
        peak = max(peak, psutil.Process().memory_info().rss)
    scale = config.batch_size / trial.batch_size
    seconds = (time.perf_counter() - start) / TIMED_STEPS * scale * steps
    memory = resident + (peak - resident) * scale
    parameters = sum(int(np.prod(weight.shape)) for weight in model.unet.trainable_variables)
    return UNetCost(parameters, steps, seconds, seconds * config.epochs / 60.0, memory / 2**30, trial.batch_size)
