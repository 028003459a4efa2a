"""The whole pipeline on simulated scans, as a user starts it; then models that must not be pushed."""

import json
import logging
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from pipeline import simulate
from pipeline.components.evaluator import Evaluator
from pipeline.components.infra_validator import InfraValidator
from pipeline.components.thresholds import DEFAULT
from pipeline.orchestration.component import Workplace
from tfgan_thyroid.data.input_pipeline import load_images

LENIENT = "[value]\nmmd_over_floor = 2.0\nmemorization_audit = true\n"


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "scans"
    assert simulate.main(["--output", str(folder), "--count", "40", "--seed", "3"]) == 0
    return folder / "images"


@pytest.fixture(scope="module")
def root(tmp_path_factory, scans):
    """A root after a first run, whose model was pushed, since little was asked of it."""
    folder = tmp_path_factory.mktemp("pipeline")
    (folder / "lenient.toml").write_text(LENIENT)
    result = start(folder, scans, "--thresholds", folder / "lenient.toml")
    assert result.returncode == 0, result.stderr
    return folder


def start(folder, scans, *flags):
    words = ["--input", scans, "--pipeline-root", folder / "root", "--serving-dir", folder / "saved" / "thyroid"]
    words += ["--image-size", "32", "--preset", "cpu", "--iterations", "4", "--set", "width=4"]
    words += ["--set", "batch_size=4", "--samples", "10", "--draws", "2", "--splits", "train=0.7,eval=0.3", "--json"]
    command = [sys.executable, "-m", "pipeline.run", *map(str, words), *map(str, flags)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_first_run_leaves_a_served_model_with_its_lineage(root):
    assert (root / "saved" / "thyroid" / "1" / "saved_model.pb").is_file()
    for place in ("ExampleGen/examples/1/Split-train", "Trainer/model/5/Format-Serving/saved_model.pb"):
        assert (root / "root" / place).exists()
    assert (root / "root" / "StatisticsGen/statistics/2/Split-train/FeatureStats.pb").is_file()
    assert (root / "root" / "SchemaGen/schema/3/schema.pbtxt").is_file()
    assert (root / "root" / "ExampleValidator/anomalies/4/Split-train/SchemaDiff.pb").is_file()
    assert (root / "root" / "Evaluator/blessing/6/BLESSED").is_file()
    assert (root / "root" / "Evaluator/evaluation/6/report.html").is_file()
    assert (root / "root" / "InfraValidator/blessing/7/INFRA_BLESSED").is_file()
    pushed = json.loads((root / "root" / "Pusher/pushed_model/8/artifact.json").read_text())
    assert pushed["parents"] == ["Evaluator/blessing/6", "InfraValidator/blessing/7", "Trainer/model/5"]


def test_a_second_run_takes_everything_from_where_it_lies_and_pushes_nothing_twice(root, scans):
    result = start(root, scans, "--thresholds", root / "lenient.toml")
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("nothing changed") == 7
    assert [path.name for path in (root / "saved" / "thyroid").iterdir()] == ["1"]


def test_a_model_that_is_not_good_enough_ends_with_code_3(root, scans):
    result = start(root, scans)
    assert result.returncode == 3, result.stderr
    document = json.loads(result.stdout)
    assert not document["verdict"]["blessed"]
    assert any("above its floor" in reason for reason in document["verdict"]["reasons"])
    assert [path.name for path in (root / "saved" / "thyroid").iterdir()] == ["1"]


def test_data_that_breaks_the_schema_stop_before_training(root, scans, tmp_path):
    schema = (root / "root" / "SchemaGen/schema/3/schema.pbtxt").read_text()
    (tmp_path / "schema.pbtxt").write_text(schema.replace("max: 32", "max: 16").replace("min: 32", "min: 16"))
    result = start(root, scans, "--schema", tmp_path / "schema.pbtxt")
    assert result.returncode == 1
    assert "ExampleValidator: " in result.stderr and "schema drift" in result.stderr


def test_a_wrong_flag_or_folder_costs_one_line(tmp_path, scans):
    for flags, words in (
        (["--preset", "cpuu"], "unknown preset 'cpuu'"),
        (["--set", "widht=4"], "--set widht=4"),
        (["--from", "Trainr"], "no component 'Trainr'"),
        (["--thresholds", tmp_path / "none.toml"], "none.toml does not exist"),
    ):
        result = start(tmp_path, scans, *flags)
        assert result.returncode == 1
        assert words in result.stderr.splitlines()[-1]
    assert "missing does not exist" in start(tmp_path, tmp_path / "missing").stderr
    assert not (tmp_path / "saved").exists()


def saved_model(folder, images):
    """A served generator that answers seed i with the i-th of some images, whatever it is asked."""
    shown = tf.constant(images)

    class Fixed(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.int64, name="seed")])
        def serving_default(self, seed):
            picked = tf.gather(shown, tf.math.floormod(seed, len(images)))
            return {"image_bytes": tf.map_fn(tf.io.encode_png, picked, fn_output_signature=tf.string)}

        @tf.function(input_signature=[tf.TensorSpec([None, 8], tf.float32, name="latent")])
        def generate_from_latent(self, latent):
            picked = tf.gather(shown, tf.range(tf.shape(latent)[0]))
            return {"image": tf.cast(picked, tf.float32) / 127.5 - 1.0}

    module = Fixed()
    version = folder / "Format-Serving"
    signatures = {name: getattr(module, name) for name in ("serving_default", "generate_from_latent")}
    tf.saved_model.save(module, str(version), signatures=signatures)
    return folder


def judge(component, folder, **inputs):
    outputs = {name: folder / "outputs" / name for name in component.outputs}
    for directory in outputs.values():
        directory.mkdir(parents=True)
    component.run(Workplace(inputs, outputs, folder / "scratch", logging.getLogger("tfgan_thyroid.test")))
    return outputs


@pytest.mark.parametrize(
    ("kind", "words"),
    [("collapsed", "too much alike"), ("copied", "copies of training scans")],
)
def test_a_collapsed_generator_and_one_that_copies_are_refused(root, tmp_path, kind, words):
    examples = root / "root" / "ExampleGen/examples/1"
    training = load_images(examples, "train", 100)
    if kind == "collapsed":
        noise = np.random.default_rng(0).integers(-3, 4, size=(20, 32, 32, 1))
        images = np.clip(training[:1].astype(int) // 2 + 40 + noise, 0, 255).astype(np.uint8)
    else:
        images = training
    model = saved_model(tmp_path / "model", images)
    outputs = judge(Evaluator(DEFAULT, samples=10, draws=2), tmp_path, examples=examples, model=model)
    assert (outputs["blessing"] / "NOT_BLESSED").is_file()
    verdict = json.loads((outputs["evaluation"] / "verdict.json").read_text())
    assert any(words in reason for reason in verdict["reasons"])


def test_a_model_that_no_server_can_load_gets_no_infra_blessing(root, tmp_path):
    good = root / "root" / "Trainer/model/5"
    shutil.copytree(good, tmp_path / "model")
    (tmp_path / "model" / "Format-Serving" / "saved_model.pb").write_bytes(b"broken")
    outputs = judge(InfraValidator(), tmp_path, model=tmp_path / "model")
    assert (outputs["blessing"] / "INFRA_NOT_BLESSED").is_file()
    assert "could not load" in (outputs["blessing"] / "infra_check.json").read_text()
