"""The metrics beside every checkpoint: which, where, and that they are those of the files that `generate` writes."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.callbacks.metrics_logger import MetricsLogger
from tfgan_thyroid.data.preprocessing import quantize
from tfgan_thyroid.metrics.suite import evaluate_metrics
from tfgan_thyroid.models.registry import build_model
from tfgan_thyroid.runs.run_directory import RunDirectory, read_lines

REAL = np.random.default_rng(0).integers(0, 255, size=(12, 16, 16, 1), dtype=np.uint8)


def log(tmp_path, config, iteration, real=REAL):
    run = RunDirectory(tmp_path)
    model = build_model(config)
    callback = MetricsLogger(run, tf.summary.create_file_writer(str(run.tensorboard)), real)
    callback.set_model(model)
    callback.on_train_begin()
    model.iteration.assign(iteration)
    callback.on_train_batch_end(0)
    callback.writer.close()
    return model, read_lines(run.metrics_file)


def scalars(tmp_path):
    return {
        value.tag
        for path in (tmp_path / "tensorboard").glob("events*")
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
        for value in tf.compat.v1.Event.FromString(record).summary.value
    }


@pytest.fixture
def config(tiny_config):
    return tiny_config.replace(metric_samples=6, metric_draws=2, checkpoint_every=3, iterations=8)


def test_mmd_and_1nn_are_those_of_the_images_of_seeds_0_1_2(tmp_path, config):
    model, lines = log(tmp_path, config, 3)
    generated = quantize(model.generate(tf.range(12, dtype=tf.int64)).numpy())
    expected = evaluate_metrics(["mmd", "1nn"], REAL, generated, samples=6, draws=2, seed=config.seed)
    assert set(lines[0]) == {"iteration", "mmd", "1nn", "1nn_real", "1nn_generated"}
    for name, estimate in expected.items():
        assert lines[0][name]["mean"] == pytest.approx(estimate.mean, abs=1e-4)
    assert {"metrics/mmd", "metrics/1nn"} <= scalars(tmp_path)


def test_the_metric_of_the_best_checkpoint_stands_beside_them(tmp_path, config):
    _, lines = log(tmp_path, config.replace(best_metric="mmd-unbiased"), 3)
    assert {"mmd", "1nn", "mmd-unbiased"} <= set(lines[0])
    assert "metrics/mmd-unbiased" in scalars(tmp_path)


@pytest.mark.parametrize(("iteration", "logged"), [(2, False), (6, True), (8, True)])
def test_it_computes_at_the_interval_and_at_the_last_iteration(tmp_path, config, iteration, logged):
    _, lines = log(tmp_path, config, iteration)
    assert [line["iteration"] for line in lines] == ([iteration] if logged else [])


def test_too_few_images_for_the_metric_of_the_best_checkpoint_are_said_at_the_start(tmp_path, config, caplog):
    config = config.replace(best_metric="density", metric_samples=5)
    assert log(tmp_path, config, 3)[1] == []
    assert "draws of mmd, 1nn, density hold at least 6 images; 12 scans, metric_samples 5" in caplog.text


def test_too_few_images_or_no_samples_log_nothing(tmp_path, config):
    assert log(tmp_path, config, 3, REAL[:3])[1] == []
    assert log(tmp_path, config.replace(metric_samples=0), 3)[1] == []
