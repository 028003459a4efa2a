"""The whole pipeline on simulated scans, as a user starts it; then models that must not be pushed."""

import contextlib
import json
import logging
import re
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from pipeline import run, simulate
from pipeline.components.evaluator import Evaluator
from pipeline.components.infra_validator import InfraValidator
from pipeline.components.thresholds import DEFAULT
from pipeline.components.workplace import Workplace
from pipeline.orchestration.artifact import Artifact, directory_digest
from pipeline.orchestration.store import MetadataStore
from tfgan_thyroid.data.records.input_pipeline import load_images
from tfgan_thyroid.errors import UserError

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]

LENIENT = "[value]\nmmd_over_floor = 2.0\nmemorization_audit = true\n"


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "scans"
    assert simulate.main(["--output", str(folder), "--count", "40", "--seed", "3"]) == 0
    return folder / "images"


# A component, and what it says when it is in the middle of its work.
KILLED = {"ExampleGen": "files, grouped", "Trainer": "iteration 3/", "Evaluator": "metrics:"}


@pytest.fixture(scope="module")
def root(tmp_path_factory, scans):
    """A root whose first run was killed in the middle of three components, went on, and pushed its model."""
    folder = tmp_path_factory.mktemp("pipeline")
    (folder / "lenient.toml").write_text(LENIENT)
    for sign in KILLED.values():
        kill_at(sign, folder, scans, "--thresholds", folder / "lenient.toml")
        assert_nothing_is_half_made(folder / "root")
    result = start(folder, scans, "--thresholds", folder / "lenient.toml")
    assert result.returncode == 0, result.stderr
    (folder / "result.json").write_text(result.stdout)
    return folder


def kill_at(sign, folder, scans, *flags):
    command = [sys.executable, "-m", "pipeline.run", *words_for(folder, scans, *flags)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert any(sign in line for line in process.stderr)
        process.kill()
    assert process.returncode == -signal.SIGKILL


def assert_nothing_is_half_made(root):
    shown = [path for path in root.glob("[A-Z]*/*/*") if not path.parent.name.startswith(".")]
    for directory in shown:
        assert Artifact.read(directory).digest == directory_digest(directory)


def made(root, source):
    """The directory of an artifact of the run that pushed, by `Component.output`."""
    return root / "root" / json.loads((root / "result.json").read_text())["artifacts"][source]


def words_for(folder, scans, *flags):
    words = ["--input", scans, "--pipeline-root", folder / "root", "--serving-dir", folder / "saved" / "thyroid"]
    words += ["--image-size", "32", "--preset", "cpu", "--iterations", "6", "--set", "width=4"]
    words += ["--set", "log_every=1", "--set", "checkpoint_every=2", "--set", "metric_samples=0"]
    words += ["--set", "batch_size=4", "--samples", "10", "--draws", "2", "--splits", "train=0.7,eval=0.3", "--json"]
    return [*map(str, words), *map(str, flags)]


def start(folder, scans, *flags):
    command = [sys.executable, "-m", "pipeline.run", *words_for(folder, scans, *flags)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_killed_in_the_middle_of_components_the_same_command_goes_on(root):
    with contextlib.closing(MetadataStore(root / "root")) as store:
        assert [run.message for run in store.runs()] == ["killed", "killed", "killed", None]
        ended = [(e.component, e.state, e.message) for e in store.executions() if e.component in KILLED]
        for component in KILLED:
            first, second = [row for row in ended if row[0] == component and row[1] != "cached"]
            assert first[1:] == ("failed", "killed")
            assert second[1:] == ("complete", None)
        tries = [e.id for e in store.executions() if e.component == "Trainer" and e.state != "cached"]
    logs = [(root / "root" / "logs" / f"Trainer-{number}.txt").read_text() for number in tries]
    assert "iteration 1/6" in logs[0] and "iteration 6/6" not in logs[0]
    assert "iteration 1/6" not in logs[1] and "iteration 6/6" in logs[1]
    assert not list((root / "root").glob("*/.working"))


def test_a_first_run_leaves_a_served_model_with_its_lineage(root):
    assert (root / "saved" / "thyroid" / "1" / "saved_model.pb").is_file()
    for source, place in {
        "ExampleGen.examples": "Split-train",
        "StatisticsGen.statistics": "Split-train/FeatureStats.pb",
        "SchemaGen.schema": "schema.pbtxt",
        "ExampleValidator.anomalies": "Split-train/SchemaDiff.pb",
        "Trainer.model": "Format-Serving/saved_model.pb",
        "Trainer.model_run": "stats.jsonl",
        "Evaluator.blessing": "BLESSED",
        "Evaluator.evaluation": "report.html",
        "InfraValidator.blessing": "INFRA_BLESSED",
    }.items():
        assert (made(root, source) / place).exists(), source
    parents = [made(root, name) for name in ("Evaluator.blessing", "InfraValidator.blessing", "Trainer.model")]
    pushed = Artifact.read(made(root, "Pusher.pushed_model"))
    assert pushed.parents == tuple(path.relative_to(root / "root").as_posix() for path in parents)
    card = json.loads((root / "saved" / "thyroid" / "1" / "model_card.json").read_text())
    assert card["audit"]["passed"] is True
    told = "".join(path.read_text() for path in (root / "root" / "logs").glob("ExampleGen-*.txt"))
    sheets = re.findall(r"contact sheet: (\S+)", told)
    assert sheets == [str(made(root, "ExampleGen.examples") / "contact_sheet.png")]
    report = (made(root, "Evaluator.evaluation") / "report.html").read_text()
    assert "<strong>Blessed</strong><ul><li>it meets every threshold</li></ul>" in report
    assert "value.mmd_over_floor" in report


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
    schema = (made(root, "SchemaGen.schema") / "schema.pbtxt").read_text()
    (tmp_path / "schema.pbtxt").write_text(schema.replace("max: 32", "max: 16").replace("min: 32", "min: 16"))
    result = start(root, scans, "--schema", tmp_path / "schema.pbtxt")
    assert result.returncode == 1
    assert "ExampleValidator: " in result.stderr and "schema drift" in result.stderr


def test_whatever_is_wrong_is_told_before_anything_is_written(tmp_path, scans, capsys):
    (tmp_path / "file").touch()
    for code, flags, words in (
        (1, ["--preset", "cpuu"], "unknown preset 'cpuu'"),
        (1, ["--set", "widht=4"], "--set widht=4"),
        (1, ["--set", "paired=true"], "paired training needs masks"),
        (1, ["--strategy", "mirrored", "--replicas", "3"], "does not divide into 3 equal parts"),
        (1, ["--replicas", "2"], "--replicas goes with --strategy mirrored"),
        (1, ["--set", "image_size=64"], "--image-size 32 and --set image_size=64 differ"),
        (1, ["--schema", __file__], "is no tensorflow-metadata Schema"),
        (1, ["--from", "Trainr"], "no component 'Trainr'"),
        (1, ["--thresholds", tmp_path / "none.toml"], "none.toml does not exist"),
        (1, ["--runner=NoSuchRunner"], "Beam cannot start the runner"),
        (1, ["--input", tmp_path / "missing"], "missing is not there"),
        (1, ["--eval-split", "test"], "split test would be empty"),
        (1, ["--serving-dir", tmp_path / "file" / "x"], "cannot be written"),
        (1, ["--pipeline-root", scans / "root"], "among the scans"),
        (2, ["--crop", "left"], "argument --crop"),
        (2, ["--crpo", "none"], "--crpo is neither a flag of this command nor one of Beam's"),
        (2, ["--output", "x"], "--output is not for pipeline.run"),
    ):
        with pytest.raises((SystemExit, UserError)) as stop:
            run.main(words_for(tmp_path, scans, *flags))
        told = capsys.readouterr().err.splitlines()[-1] if code == 2 else str(stop.value)
        assert words in told
        assert getattr(stop.value, "code", 1) == code
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


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
    ("kind", "split", "words"),
    [
        ("collapsed", "train", "too much alike"),
        ("copied", "train", "copies of training scans"),
        ("copied", "eval", "copies of training scans"),
    ],
)
def test_a_collapsed_generator_and_one_that_copies_are_refused(root, tmp_path, kind, split, words):
    examples = made(root, "ExampleGen.examples")
    training = load_images(examples, "train", 100)
    if kind == "collapsed":
        noise = np.random.default_rng(0).integers(-3, 4, size=(20, 32, 32, 1))
        images = np.clip(training[:1].astype(int) // 2 + 40 + noise, 0, 255).astype(np.uint8)
    else:
        images = training
    model = saved_model(tmp_path / "model", images)
    outputs = judge(Evaluator(DEFAULT, samples=10, draws=2, split=split), tmp_path, examples=examples, model=model)
    assert (outputs["blessing"] / "NOT_BLESSED").is_file()
    evaluation = json.loads((outputs["evaluation"] / "evaluation.json").read_text())
    assert (evaluation["real"]["split"], evaluation["trained_on"]["split"]) == (split, "train")
    verdict = json.loads((outputs["evaluation"] / "verdict.json").read_text())
    (reason,) = [reason for reason in verdict["reasons"] if words in reason]
    report = (outputs["evaluation"] / "report.html").read_text()
    assert "<strong>Not blessed</strong>" in report and reason in report


def test_a_worse_model_than_the_last_blessed_one_is_refused_and_a_better_one_is_not(root, tmp_path):
    examples = made(root, "ExampleGen.examples")
    training = load_images(examples, "train", 100).astype(float)
    noise = np.random.default_rng(0).normal(size=training.shape)
    noisy = {
        level: saved_model(tmp_path / str(level), np.clip(training + level * noise, 0, 255).astype(np.uint8))
        for level in (20, 40, 60)
    }
    evaluator = Evaluator({"value": {}, "change": {"mmd": 0.0}}, samples=10, draws=2)

    def verdict(level):
        outputs = judge(evaluator, tmp_path / f"of{level}", examples=examples, model=noisy[level], baseline=noisy[40])
        return json.loads((outputs["blessing"] / "verdict.json").read_text())

    worse, better = verdict(60), verdict(20)
    assert (worse["blessed"], better["blessed"]) == (False, True)
    assert worse["compared_with_last_blessed"]
    assert re.fullmatch(
        r"MMD is 0\.\d+, 0\.\d+ above the last blessed model's 0\.\d+ \(at most 0\)", worse["reasons"][0]
    )
    assert "below the last blessed model's" in better["checks"][0]["words"]


def test_a_model_that_no_server_can_load_gets_no_infra_blessing(root, tmp_path):
    shutil.copytree(made(root, "Trainer.model"), tmp_path / "model")
    (tmp_path / "model" / "Format-Serving" / "saved_model.pb").write_bytes(b"broken")
    outputs = judge(InfraValidator(), tmp_path, model=tmp_path / "model")
    assert (outputs["blessing"] / "INFRA_NOT_BLESSED").is_file()
    assert "could not load" in (outputs["blessing"] / "infra_check.json").read_text()
