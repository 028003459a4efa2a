"""What a run will cost, from a few real iterations at a small batch."""

import time
from typing import NamedTuple

import numpy as np
import psutil
import tensorflow as tf

from tfgan_thyroid.config import Config
from tfgan_thyroid.models.registry import build_model

LARGEST_TRIAL_BATCH = 4
TIMED_ITERATIONS = 2
BYTES_PER_PARAMETER = 16  # weight, gradient and Adam's two moments, float32


class Estimate(NamedTuple):
    """The cost of a run.

    Attributes:
        parameters: trainable parameters by network.
        seconds_per_iteration: at the run's batch size; an upper bound, since larger batches cost less an image.
        hours: for all iterations.
        memory_gib: peak of the process (host memory), gibibytes.
        trial_batch_size: of the iterations that were timed.
    """

    parameters: dict[str, int]
    seconds_per_iteration: float
    hours: float
    memory_gib: float
    trial_batch_size: int


def estimate(config: Config) -> Estimate:
    """Runs three iterations on noise, times the last two and scales time and activations to the run's batch size."""
    trial = config.replace(batch_size=min(config.batch_size, LARGEST_TRIAL_BATCH))
    model = build_model(trial)
    parameters = {
        name: sum(int(np.prod(weight.shape)) for weight in network.trainable_variables)
        for name, network in model.networks.items()
    }
    shape = [model.real_batches, trial.batch_size, trial.image_size, trial.image_size, trial.channels]
    images = tf.random.stateless_uniform(shape, [trial.seed, 0], -1.0, 1.0)
    step = tf.function(model.train_step)
    fixed = psutil.Process().memory_info().rss + BYTES_PER_PARAMETER * sum(parameters.values())
    step(images)
    start = time.perf_counter()
    peak = 0
    for _ in range(TIMED_ITERATIONS):
        for loss in step(images).values():
            float(loss)
        peak = max(peak, psutil.Process().memory_info().rss)
    scale = config.batch_size / trial.batch_size
    seconds = (time.perf_counter() - start) / TIMED_ITERATIONS * scale
    memory = fixed + max(0, peak - fixed) * scale
    return Estimate(parameters, seconds, seconds * config.iterations / 3600, memory / 2**30, trial.batch_size)
