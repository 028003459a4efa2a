"""A whole run in process: what it leaves behind, and that a stopped and resumed one equals it to the bit."""

import json

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.plugins.custom_scalar import layout_pb2

from tfgan_thyroid.callbacks.training_log import TrainingLog
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.models.alpha_wgan_gp import AlphaWGANGP
from tfgan_thyroid.models.registry import build_model
from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.run_directory import RunDirectory, read_lines
from tfgan_thyroid.training.fit import fit
from tfgan_thyroid.training.new_run import new_record, resumed_record

ITERATIONS = 7
OVERRIDES = {
    "width": 4,
    "latent_size": 8,
    "batch_size": 4,
    "ema_decay": 0.9,
    "standing_statistics": True,
    "data_augmentation": "conventional",
    "spectral_weight": 0.5,
    "log_every": 2,
    "image_every": 3,
    "checkpoint_every": 3,
    "metric_samples": 10,
    "metric_draws": 2,
}


def start(dataset, outdir, **overrides):
    record = new_record(dataset, "train", "paper", {**OVERRIDES, "iterations": ITERATIONS, **overrides})
    return RunDirectory.create(outdir, record)


def resume(run, iterations=ITERATIONS):
    run.write(resumed_record(run.read(), None, None, None, {"iterations": iterations}))
    return fit(run)


def checkpoint_values(run):
    reader = tf.train.load_checkpoint(str(checkpoints.find(run, "latest") / "state"))
    names = sorted(name for name in reader.get_variable_to_shape_map() if "OBJECT_GRAPH" not in name)
    return {name: np.asarray(reader.get_tensor(name)) for name in names}


@pytest.fixture(scope="module")
def whole(dataset, tmp_path_factory):
    run = start(dataset, tmp_path_factory.mktemp("whole"))
    fit(run)
    return run


def test_a_run_leaves_what_the_contract_names(whole):
    pictures = [f"{kind}{i:06d}.png" for kind in ("fakes", "reconstructions") for i in (0, 3, 6, 7)]
    files = ["config.json", "stats.jsonl", "metrics.jsonl", "reals.png", "curves.png"]
    for name in [*files, *pictures, "checkpoints", "tensorboard"]:
        assert (whole.path / name).exists(), name
    assert [int(path.name) for path in checkpoints.list_checkpoints(whole)] in ([6, 7], [3, 6, 7])


def test_every_logged_line_holds_the_losses_of_its_iteration_and_the_last_one_is_there(whole):
    lines = read_lines(whole.stats_file)
    assert [line["iteration"] for line in lines] == [2, 4, 6, 7]
    names = {
        "cd_loss",
        "e_loss",
        "d_loss",
        "g_loss",
        "gp_code",
        "gp_image",
        "recon_l1",
        "images_per_second",
        "iteration",
    }
    terms = {"cd_sampled", "cd_encoded", "e_encoded", "d_real", "d_generated", "d_reconstructed"}
    terms |= {"d_gp_generated", "d_gp_reconstructed", "g_generated", "g_reconstructed", "spectral"}
    for line in lines:
        assert set(line) == names | terms
    assert all(np.float32(value) == value for name, value in lines[0].items() if name != "images_per_second")


def test_metrics_stand_beside_every_checkpoint(whole):
    lines = read_lines(whole.metrics_file)
    assert [line["iteration"] for line in lines] == [3, 6, 7]
    assert {"mean", "std", "floor", "n", "draws", "seed", "features", "definition", "values"} == set(lines[0]["mmd"])


def test_tensorboard_holds_scalars_pictures_and_hyper_parameters(whole):
    tags, layout = {"scalars": set(), "images": set(), "hparams": set()}, layout_pb2.Layout()
    for path in whole.tensorboard.glob("events*"):
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            for value in tf.compat.v1.Event.FromString(record).summary.value:
                tags.setdefault(value.metadata.plugin_data.plugin_name, set()).add(value.tag)
                if value.metadata.plugin_data.plugin_name == "custom_scalars":
                    layout.ParseFromString(value.tensor.string_val[0])
                elif value.metadata.plugin_data.plugin_name in ("scalars", "images"):
                    assert value.metadata.summary_description, value.tag
    assert {"losses/d_loss", "losses/cd_loss", "metrics/mmd", "speed/images_per_second"} <= tags["scalars"]
    assert tags["images"] == {"reals", "fakes", "reconstructions"}
    assert tags["hparams"]
    assert [category.title for category in layout.category] == ["Metrics", "Losses", "Speed"]
    charts = {chart.title: set(chart.multiline.tag) for category in layout.category for chart in category.chart}
    assert charts["losses"] == {f"^losses/{name}_loss$" for name in ("cd", "e", "d", "g")}
    assert {tag.strip("^$") for tags_of_chart in charts.values() for tag in tags_of_chart} <= tags["scalars"]


def test_the_projector_has_a_latent_and_a_thumbnail_for_each_scan(whole):
    rows = (whole.tensorboard / "latents.tsv").read_text().splitlines()
    assert len(rows) == 20
    assert {len(row.split("\t")) for row in rows} == {8}
    assert 'tensor_path: "latents.tsv"' in (whole.tensorboard / "projector_config.pbtxt").read_text()
    assert (whole.tensorboard / "sprite.png").exists()


@pytest.mark.parametrize("stopped_at", [1, 3, 5])
def test_a_run_that_is_stopped_and_resumed_equals_the_whole_one_to_the_bit(dataset, whole, tmp_path, stopped_at):
    run = start(dataset, tmp_path, iterations=stopped_at)
    fit(run)
    resume(run)
    expected, values = checkpoint_values(whole), checkpoint_values(run)
    assert set(values) == set(expected)
    for name in expected:
        np.testing.assert_array_equal(values[name], expected[name], err_msg=name)
    expected_lines = {line["iteration"]: line for line in read_lines(whole.stats_file)}
    for line in read_lines(run.stats_file):
        if line["iteration"] in expected_lines:
            del line["images_per_second"]
            assert line.items() <= expected_lines[line["iteration"]].items()
    assert {2, 4, 6, 7} <= {line["iteration"] for line in read_lines(run.stats_file)}
    assert read_lines(run.metrics_file)[-1] == read_lines(whole.metrics_file)[-1]


def test_what_was_logged_after_the_last_checkpoint_of_a_killed_run_is_not_logged_twice(
    dataset, whole, tmp_path, monkeypatch
):
    run = start(dataset, tmp_path)
    original = TrainingLog.on_train_batch_end

    def killed(self, batch, logs=None):
        original(self, batch, logs)
        if int(self.model.iteration.numpy()) == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(TrainingLog, "on_train_batch_end", killed)
    with pytest.raises(KeyboardInterrupt):
        fit(run)
    monkeypatch.undo()
    assert [line["iteration"] for line in read_lines(run.stats_file)] == [2, 4]
    assert int(checkpoints.find(run, "latest").name) == 3
    fit(run)
    assert [line["iteration"] for line in read_lines(run.stats_file)] == [2, 4, 6, 7]
    np.testing.assert_equal(checkpoint_values(run), checkpoint_values(whole))


def test_a_checkpoint_holds_the_averages_statistics_as_they_are_measured(whole):
    model = fit(whole)  # nothing to do: as restored
    kept = [weight.numpy().copy() for weight in model.averaged_generator.non_trainable_variables]
    model.measure_statistics()
    for old, weight in zip(kept, model.averaged_generator.non_trainable_variables, strict=True):
        np.testing.assert_allclose(weight, old, rtol=1e-5, atol=1e-6)


def test_a_finished_run_has_nothing_to_do_and_keeps_its_files(whole):
    before = whole.stats_file.read_text()
    assert int(fit(whole).iteration) == ITERATIONS
    assert whole.stats_file.read_text() == before


def test_nan_stops_in_words_and_keeps_the_last_good_checkpoint(dataset, tmp_path, monkeypatch):
    run = start(dataset, tmp_path)
    original = AlphaWGANGP._update_generator

    def poisoned(self, images):
        losses = original(self, images)
        bad = tf.where(self.iteration >= 4, float("nan"), 0.0)
        return {**losses, "g_loss": losses["g_loss"] + bad}

    monkeypatch.setattr(AlphaWGANGP, "_update_generator", poisoned)
    with pytest.raises(UserError, match=r"diverged at iteration 5: g_loss is nan: .* --init-from .* iteration 3$"):
        fit(run)
    assert [int(path.name) for path in checkpoints.list_checkpoints(run)] == [3]
    monkeypatch.undo()
    with pytest.raises(UserError, match=r"diverged at iteration 5: g_loss is nan: .* iteration 3; resumed, this run"):
        fit(run)
    run.diverged_file.unlink()
    assert int(fit(run).iteration.numpy()) == run.read().config.iterations


def test_a_run_starts_from_the_networks_of_another(dataset, whole, tmp_path):
    run = start(dataset, tmp_path, iterations=1, seed=3, learning_rate=1e-9)
    model = fit(run, init_from=checkpoints.find(whole, "latest"))
    assert int(model.iteration) == 1
    other = build_model(whole.read().config)
    checkpoints.restore(other, checkpoints.find(whole, "latest"))
    for name, network in model.networks.items():
        np.testing.assert_allclose(network.get_weights()[0], other.networks[name].get_weights()[0], atol=1e-8)


def test_the_record_stays_free_of_the_data_sets_path_on_tensorboard(whole):
    path = json.loads(whole.config_file.read_text())["data"].encode()
    for file in (path for path in whole.tensorboard.rglob("*") if path.is_file()):
        assert path not in file.read_bytes()
