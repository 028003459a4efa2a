"""Every model by the same command: what a run leaves, that it resumes to the bit, and that it exports."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.config import MODELS as NAMES
from tfgan_thyroid.data.records.input_pipeline import training_batches
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.models.registry import build_model, model_class
from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.run_directory import RunDirectory, read_lines
from tfgan_thyroid.serving.export.saved_model import export_encoder, export_generator
from tfgan_thyroid.training.cost import estimate_cost
from tfgan_thyroid.training.fit import fit
from tfgan_thyroid.training.new_run import new_record

pytestmark = pytest.mark.slow
OVERRIDES = {
    "width": 4,
    "latent_size": 8,
    "batch_size": 4,
    "ema_decay": 0.9,
    "standing_statistics": True,
    "data_augmentation": "conventional",
    "log_every": 1,
    "image_every": 2,
    "checkpoint_every": 1,
    "metric_samples": 8,
    "metric_draws": 1,
}
# The paper's model has these tests, and more, in test_fit.py.
BASELINES = [name for name in NAMES if name != "alpha-wgan-gp"]
ENCODING = [name for name in BASELINES if name not in ("gan", "wgan-gp", "r1-gan")]
OPTIONS = {
    "gan": {"gan_loss": "non-saturating"},
    "wgan-gp": {"critic_steps": 2},
    "vae": {"kl_weight": 0.2},
    "r1-gan": {"decay_start": 0.5},
}


def start(dataset, outdir, name, iterations):
    overrides = {**OVERRIDES, **OPTIONS.get(name, {}), "model": name, "iterations": iterations}
    return RunDirectory.create(outdir, new_record(dataset, "train", "paper", overrides))


def checkpoint_values(run):
    reader = tf.train.load_checkpoint(str(checkpoints.find(run, "latest") / "state"))
    names = sorted(name for name in reader.get_variable_to_shape_map() if "OBJECT_GRAPH" not in name)
    return {name: np.asarray(reader.get_tensor(name)) for name in names}


def losses_of(run):
    return [{k: v for k, v in line.items() if k != "images_per_second"} for line in read_lines(run.stats_file)]


@pytest.fixture(scope="module")
def runs(dataset, tmp_path_factory):
    """A finished run of each baseline, trained when it is first asked for."""
    finished = {}

    def run_of(name):
        if name not in finished:
            finished[name] = start(dataset, tmp_path_factory.mktemp(name), name, iterations=2)
            fit(finished[name])
        return finished[name]

    return run_of


@pytest.mark.parametrize("name", BASELINES)
def test_a_run_leaves_losses_pictures_curves_and_a_checkpoint(runs, name):
    run = runs(name)
    assert [line["iteration"] for line in losses_of(run)] == [1, 2]
    shown = {"fakes000000.png", "fakes000002.png", "reals.png", "curves.png"}
    if name in ENCODING:
        shown |= {"reconstructions000000.png", "reconstructions000002.png"}
    assert {path.name for path in run.path.glob("*.png")} == shown
    assert (run.tensorboard / "latents.tsv").exists() == (name in ENCODING)
    assert [int(path.name) for path in checkpoints.list_checkpoints(run)] == [1, 2]
    tags = set()
    for path in run.tensorboard.glob("events*"):
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            tags |= {value.tag for value in tf.compat.v1.Event.FromString(record).summary.value}
    assert {f"losses/{loss}" for loss in losses_of(run)[0] if loss != "iteration"} <= tags
    assert ("reconstructions" in tags) == (name in ENCODING)


@pytest.mark.parametrize("name", BASELINES)
def test_the_losses_of_the_first_iteration_are_those_of_the_model_run_eagerly(dataset, runs, name):
    config = runs(name).read().config
    model = build_model(config)
    settings = config.batch_size, model.real_batches, config.seed
    real = next(iter(training_batches(dataset, "train", *settings, augmentation=config.data_augmentation)))
    logged = losses_of(runs(name))[0]
    # Operations are fused and reordered in a graph.
    for loss, value in model.train_step(real).items():
        assert logged[loss] == pytest.approx(float(value), rel=1e-4, abs=1e-4), loss


@pytest.mark.parametrize("name", BASELINES)
def test_a_run_that_was_killed_after_a_checkpoint_resumes_to_the_bit(runs, tmp_path, name):
    shutil.copytree(runs(name).path, tmp_path / "run")
    run = RunDirectory.open(tmp_path / "run")
    shutil.rmtree(checkpoints.find(run, "2"))
    fit(run)
    expected, values = checkpoint_values(runs(name)), checkpoint_values(run)
    assert set(values) == set(expected)
    for key in expected:
        np.testing.assert_array_equal(values[key], expected[key], err_msg=key)
    assert losses_of(run) == losses_of(runs(name))


@pytest.mark.parametrize("name", BASELINES)
def test_the_exported_generator_makes_the_images_of_the_model(runs, tmp_path, name):
    run = runs(name)
    version = export_generator(run, tmp_path / "thyroid")
    assert name in (version / "model_card.md").read_text()
    model = build_model(run.read().config)
    checkpoints.restore(model, checkpoints.find(run, "latest"))
    latents = tf.random.stateless_normal([3, 8], [1, 2])
    served = tf.saved_model.load(str(version)).signatures["generate_from_latent"](latent=latents)["image"]
    np.testing.assert_allclose(served, model(latents), atol=1e-5)


@pytest.mark.parametrize("name", ENCODING)
def test_the_exported_encoder_gives_the_latents_that_reconstructions_show(runs, tmp_path, name):
    run = runs(name)
    version = export_encoder(run, tmp_path / "encoder")
    model = build_model(run.read().config)
    checkpoints.restore(model, checkpoints.find(run, "latest"))
    levels = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 1), dtype=np.uint8)
    png = tf.stack([tf.io.encode_png(image) for image in levels])
    served = tf.saved_model.load(str(version)).signatures["serving_default"](image_bytes=png)["latent"]
    np.testing.assert_allclose(served, model.encode(levels / np.float32(127.5) - 1.0), atol=1e-5)


@pytest.mark.parametrize("name", [name for name in BASELINES if name not in ENCODING])
def test_a_model_without_encoder_refuses_to_export_one_in_words(runs, tmp_path, name):
    with pytest.raises(UserError, match=f"{name} has no encoder"):
        export_encoder(runs(name), tmp_path / "encoder")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["gan", "vae"])
def test_a_dry_run_estimates_a_model_without_some_of_the_networks(tiny_config, name):
    cost = estimate_cost(tiny_config.replace(model=name))
    assert set(cost.parameters) == set(model_class(name).NETWORKS)
    assert cost.seconds_per_iteration > 0.0


def test_networks_of_a_model_without_encoder_do_not_start_one_that_has_it(runs, dataset, tmp_path):
    run = start(dataset, tmp_path, "alpha-gan", iterations=1)
    with pytest.raises(UserError, match="does not fit this model"):
        fit(run, init_from=checkpoints.find(runs("gan"), "latest"))
    assert json.loads(run.config_file.read_text())["config"]["model"] == "alpha-gan"
