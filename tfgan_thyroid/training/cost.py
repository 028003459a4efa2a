"""What a run will cost, from a few real iterations at small batches."""

import multiprocessing
import statistics
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfgan_thyroid.config import Config
from tfgan_thyroid.models.generative_model import GenerativeModel
from tfgan_thyroid.models.registry import build_model
from tfgan_thyroid.training import runtime
from tfgan_thyroid.training.peak_memory import peak_memory_bytes

LARGEST_TRIAL_BATCH = 8
TIMED_ITERATIONS = 2
TIMED_SECONDS = 1.0
"""For so long, or for so many iterations, whichever takes longer: a single short iteration is too noisy."""


class TrainingCost(NamedTuple):
    """The cost of a run."""

    parameters: dict[str, int]  # trainable parameters by network
    seconds_per_iteration: float  # at the run's batch size
    hours: float  # for all iterations
    memory_gib: float  # peak of the process (host memory), gibibytes
    trial_batch_size: int  # the largest of the iterations that were timed


class _Trial(NamedTuple):
    """Iterations of one batch size in a process of their own: the median one, and the most memory of the process."""

    batch_size: int
    parameters: dict[str, int]
    seconds: float
    peak_bytes: int


def estimate_cost(config: Config) -> TrainingCost:
    """Runs iterations on noise at the run's batch size, or at two smaller ones, from which it draws a line.

    Adam, casts and kernels cost the same at every batch size, so that a line predicts better than a proportion. Each
    batch size has a process of its own, since memory that another has freed would hide what it takes.
    """
    largest = min(config.batch_size, LARGEST_TRIAL_BATCH)
    sizes = (largest,) if largest == config.batch_size else (largest // 2, largest)
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        trials = pool.map(_try, [config.replace(batch_size=size) for size in sizes], chunksize=1)
    seconds = _at_batch(config.batch_size, trials, [trial.seconds for trial in trials])
    memory = _at_batch(config.batch_size, trials, [trial.peak_bytes for trial in trials])
    parameters = trials[0].parameters
    return TrainingCost(parameters, seconds, seconds * config.iterations / 3600, memory / 2**30, largest)


def _try(config: Config) -> _Trial:
    runtime.prepare()
    model = build_model(config)
    parameters = {
        name: sum(int(np.prod(weight.shape)) for weight in network.trainable_variables)
        for name, network in model.networks.items()
    }
    images = tf.random.stateless_uniform(_batches_shape(model), [config.seed, 0], -1.0, 1.0)
    step = tf.function(model.train_step)
    seconds: list[float] = []
    while len(seconds) <= TIMED_ITERATIONS or sum(seconds[1:]) < TIMED_SECONDS:
        start = time.perf_counter()
        for loss in step(images).values():
            float(loss)
        seconds.append(time.perf_counter() - start)
    model.measure_statistics()  # before every checkpoint, where asked for: its memory counts, too
    # The first one traces the graph.
    return _Trial(config.batch_size, parameters, statistics.median(seconds[1:]), peak_memory_bytes())


def _batches_shape(model: GenerativeModel) -> list[int]:
    c = model.config
    return [model.real_batches, c.batch_size, c.image_size, c.image_size, c.channels]


def _at_batch(batch_size: int, trials: list[_Trial], costs: Sequence[float]) -> float:
    """The line through two trials, or the cost of the only one, which has this batch size."""
    if len(trials) == 1:
        return costs[0]
    slope = (costs[1] - costs[0]) / (trials[1].batch_size - trials[0].batch_size)
    return costs[1] + slope * (batch_size - trials[1].batch_size)
