"""What a strategy needs to work here, said before anything is started; and how workers share a stream."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.data.records.input_pipeline import training_batches
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.training.distribution import Distribution, count_replicas, start


@pytest.fixture
def gpus(monkeypatch):
    """Sets how many GPUs the machine seems to have."""

    def pretend(count):
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [None] * count if kind == "GPU" else [])

    return pretend


@pytest.fixture
def two_workers(monkeypatch):
    task = {"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker", "index": 1}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(task))


def test_replicas_are_devices_and_workers(gpus, two_workers):
    gpus(0)
    assert count_replicas("none", 3) == 1
    assert count_replicas("mirrored", 6, replicas=3) == 3
    assert count_replicas("multiworker", 4) == 2
    gpus(2)
    assert count_replicas("mirrored", 4) == 2
    assert count_replicas("multiworker", 4) == 4


@pytest.mark.parametrize(
    ("gpu_count", "arguments", "words"),
    [
        (0, ("none", 4, 2), "--replicas goes with --strategy mirrored"),
        (0, ("multiworker", 4, 2), "--replicas goes with --strategy mirrored"),
        (0, ("mirrored", 4), "two devices or more, and here are 0 GPUs"),
        (1, ("mirrored", 4), "two devices or more, and here are 1 GPUs"),
        (2, ("mirrored", 4, 4), "--replicas 4: here are 2 GPUs"),
        (0, ("mirrored", 16, 3), "batch of 16 does not divide into 3 equal parts.*--batch-size 15"),
        (0, ("mirrored", 1, 2), "batch of 1 does not divide into 2 equal parts.*--batch-size 2"),
        (0, ("multiworker", 5), "batch of 5 does not divide into 2 equal parts.*--batch-size 4"),
    ],
)
def test_a_strategy_that_cannot_work_is_told_in_words(gpus, two_workers, gpu_count, arguments, words):
    gpus(gpu_count)
    with pytest.raises(UserError, match=words):
        count_replicas(*arguments)


def test_several_workers_need_a_cluster(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(UserError, match="needs the environment variable TF_CONFIG"):
        start("multiworker", 4)


def test_one_process_is_its_own_chief_and_agrees_with_itself():
    distribution = start("none", 5)
    assert distribution.is_chief and distribution.strategy.num_replicas_in_sync == 1
    assert distribution.total(7) == 7
    distribution.agree("anything")


def test_a_stream_of_one_process_is_what_it_was():
    elements = tf.data.Dataset.from_tensor_slices(np.arange(12).reshape(3, 2, 2))
    (seen,) = Distribution().batches(lambda part, parts: elements if (part, parts) == (0, 1) else None).batch(3)
    np.testing.assert_array_equal(seen, np.arange(12).reshape(3, 2, 2))


@pytest.mark.parametrize("start_iteration", [0, 3])
def test_the_parts_of_workers_are_the_whole_batch_in_order(dataset, start_iteration):
    def elements(*part):
        stream = training_batches(dataset, "train", 4, 3, 0, start_iteration, False, None, *part)
        return np.stack([element.numpy() for element in stream.take(4)])

    whole, parts = elements(), [elements(part, 2) for part in range(2)]
    assert parts[0].shape == (4, 3, 2, 16, 16, 1)
    np.testing.assert_array_equal(np.concatenate(parts, axis=2), whole)
