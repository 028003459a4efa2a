import itertools
import shutil

import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.config import CHOICES
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.metric_catalog import METRIC_NAMES
from tfgan_thyroid.models.registry import build_model
from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.generator_weights import load_generator
from tfgan_thyroid.runs.run_directory import RunDirectory, RunRecord, append_line


@pytest.fixture
def run(tmp_path, tiny_config):
    return new_run(tmp_path, tiny_config)


def new_run(outdir, config):
    return RunDirectory.create(outdir, RunRecord(config, "", "train", "", {}, ""))


def trained(config, iterations=2, seed=0):
    model = build_model(config.replace(seed=seed))
    shape = [4, config.batch_size, config.image_size, config.image_size, 1]
    for iteration in range(iterations):
        model.train_step(tf.random.stateless_uniform(shape, [seed, iteration], -1.0, 1.0))
    return model


def values(model):
    items = [*model.networks.values(), model.averaged_generator]
    weights = [value for item in items for value in item.get_weights()]
    slots = [np.asarray(variable) for optimizer in model.optimizers.values() for variable in optimizer.variables]
    return [*weights, *slots, model.iteration.numpy()]


def test_weights_optimizer_slots_average_and_iteration_survive_a_restore(run, tiny_config):
    model = trained(tiny_config)
    path = checkpoints.save(run, model)
    fresh = build_model(tiny_config.replace(seed=9))
    checkpoints.restore(fresh, path)
    for restored, original in zip(values(fresh), values(model), strict=True):
        np.testing.assert_array_equal(restored, original)


def test_a_step_after_a_restore_equals_the_step_without_it(run, tiny_config):
    model = trained(tiny_config)
    fresh = build_model(tiny_config)
    checkpoints.restore(fresh, checkpoints.save(run, model))
    images = tf.random.stateless_uniform([4, tiny_config.batch_size, 16, 16, 1], [5, 5], -1.0, 1.0)
    losses = [m.train_step(images) for m in (model, fresh)]
    assert {k: float(v) for k, v in losses[0].items()} == {k: float(v) for k, v in losses[1].items()}
    for a, b in zip(values(model), values(fresh), strict=True):
        np.testing.assert_array_equal(a, b)


def test_networks_alone_start_another_run_at_iteration_zero(run, tiny_config):
    model = trained(tiny_config)
    fresh = build_model(tiny_config.replace(seed=9, ema_decay=0.0))
    checkpoints.restore_networks(fresh, checkpoints.save(run, model))
    assert int(fresh.iteration) == 0
    np.testing.assert_array_equal(fresh.encoder.get_weights()[0], model.encoder.get_weights()[0])


def test_another_width_is_refused_in_words(run, tiny_config):
    path = checkpoints.save(run, trained(tiny_config))
    with pytest.raises(UserError, match="does not fit"):
        checkpoints.restore(build_model(tiny_config.replace(width=8)), path)


def save_with_scores(run, config, metric, scores):
    """A checkpoint every 10 iterations, each with its score in `metrics.jsonl`."""
    model = build_model(config)
    for number, score in enumerate(scores, start=1):
        model.iteration.assign(10 * number)
        append_line(run.metrics_file, {"iteration": 10 * number, metric: {"mean": score, "floor": 0.3}})
        checkpoints.save(run, model)


def test_the_last_two_and_the_best_are_kept(run, tiny_config):
    save_with_scores(run, tiny_config, "mmd", [0.3, 0.1, 0.2, 0.4, 0.5])
    assert [int(path.name) for path in checkpoints.list_checkpoints(run)] == [20, 40, 50]
    assert checkpoints.find(run, "best").name == "00000020"
    assert checkpoints.find(run, "latest").name == "00000050"
    assert checkpoints.find(run, "40").name == "00000040"
    with pytest.raises(UserError, match="choose latest, best or one of 20, 40, 50"):
        checkpoints.find(run, "30")


@pytest.mark.parametrize(
    ("metric", "scores", "best"),
    [
        ("1nn", [0.9, 0.55, 0.7, 0.1, 0.2], 20),  # nearest to a half, whichever side
        ("1nn", [0.9, 0.3, 0.47, 0.6, 0.1], 30),
        ("ms-ssim", [0.5, 0.2, 0.31, 0.1, 0.4], 30),  # nearest to the real set's .3
        ("coverage", [0.1, 0.2, 0.9, 0.4, 0.5], 30),  # the highest
        ("mmd", [0.3, 0.1, 0.1, 0.4, 0.5], 20),  # the earlier of two
    ],
)
def test_the_best_checkpoint_is_chosen_by_the_metric_of_the_configuration(tmp_path, tiny_config, metric, scores, best):
    config = tiny_config.replace(best_metric=metric)
    run = new_run(tmp_path, config)
    save_with_scores(run, config, metric, scores)
    assert [int(path.name) for path in checkpoints.list_checkpoints(run)] == [best, 40, 50]
    assert int(checkpoints.find(run, "best").name) == best


def test_lines_without_that_metric_do_not_count_and_without_any_the_remedy_is_named(tmp_path, tiny_config):
    config = tiny_config.replace(best_metric="kid")
    run = new_run(tmp_path, config)
    save_with_scores(run, config, "mmd", [0.3, 0.1])
    with pytest.raises(UserError, match="no kid to choose the best checkpoint by; use latest"):
        checkpoints.find(run, "best")


def test_every_metric_may_choose_the_best_checkpoint():
    assert CHOICES["best_metric"] == tuple(name for name in METRIC_NAMES if name != "fid")  # it needs features


def test_weights_that_are_not_finite_are_never_saved(run, tiny_config):
    model = build_model(tiny_config)
    kernel = model.encoder.trainable_variables[0]
    kernel.assign(kernel * np.nan)
    with pytest.raises(UserError, match="encoder are not finite: .* --init-from .* cannot: no checkpoint yet"):
        checkpoints.save(run, model)
    assert checkpoints.list_checkpoints(run) == []


def test_a_damaged_checkpoint_is_told_from_a_misfit_and_the_older_whole_one_is_named(run, tiny_config):
    model = build_model(tiny_config)
    older = checkpoints.save(run, model)
    newest = older.with_name("00000002")
    told = "00000002 is damaged .*: iteration 0 is whole: take it by --checkpoint 0, or remove .*00000002 and --resume"
    damages = {
        "cut": lambda content: content[: len(content) // 2],
        "empty": lambda content: b"",
        "flipped": lambda content: content[:999] + bytes([content[999] ^ 255]) + content[1000:],
    }
    for pattern, damage in itertools.product(["state.data*", "state.index"], [*damages, "gone"]):
        shutil.rmtree(newest, ignore_errors=True)
        shutil.copytree(older, newest)
        file = next(newest.glob(pattern))
        if damage == "gone":
            file.unlink()
        else:
            file.write_bytes(damages[damage](file.read_bytes()))
        with pytest.raises(UserError, match=told):
            checkpoints.restore(model, newest)
    with pytest.raises(UserError, match=told):
        load_generator(tiny_config, newest)
    shutil.rmtree(older)
    with pytest.raises(UserError, match="is damaged .*: no older one is whole: start a new run"):
        checkpoints.restore(model, newest)


def test_a_checkpoint_that_cannot_be_written_leaves_nothing_and_the_earlier_ones(run, tiny_config, monkeypatch):
    model = build_model(tiny_config)
    checkpoints.save(run, model)
    model.iteration.assign(1)

    def fail(self, path):
        with open(path, "w") as file:
            file.write("half")
        raise tf.errors.ResourceExhaustedError(
            None, None, "{{node Save}} tmp/part-0; No space left on device [Op:SaveV2]"
        )

    monkeypatch.setattr(tf.train.Checkpoint, "write", fail)
    with pytest.raises(UserError, match="00000001: No space left on device; earlier checkpoints are whole"):
        checkpoints.save(run, model)
    assert [path.name for path in run.checkpoints.iterdir()] == ["00000000"]
