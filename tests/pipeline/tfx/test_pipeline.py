"""The whole pipeline in TFX on simulated scans: resumed, cached, refused; TFX's own components; Beam's runner."""

import contextlib
import json
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.tfx

GUIDE = (Path(__file__).parents[3] / "docs" / "pipeline.md").read_text()
COMPLETE, FAILED, CACHED = 3, 4, 5  # ML Metadata's numbers of an execution's states


def words_for(folder, orchestrator, *flags):
    words = ["--input", folder / "scans" / "images", "--pipeline-root", folder / orchestrator / "root"]
    words += ["--serving-dir", folder / orchestrator / "saved", "--orchestrator", orchestrator, "--json"]
    words += ["--image-size", "32", "--iterations", "6", "--samples", "10", "--draws", "2"]
    words += ["--splits", "train=0.7,eval=0.3", "--thresholds", folder / "none.toml"]
    fields = ("width=4", "batch_size=4", "log_every=1", "checkpoint_every=2", "metric_samples=0")
    return [*map(str, words), *(word for text in fields for word in ("--set", text)), *map(str, flags)]


def python(*words):
    return subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, check=False)


def start(folder, orchestrator, *flags):
    return python("-m", "pipeline.run", *words_for(folder, orchestrator, *flags))


def stop_in_training(folder):
    """Sends SIGTERM after the third iteration, and returns what the command said."""
    words = [sys.executable, "-m", "pipeline.run", *words_for(folder, "tfx")]
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert any("iteration 3/" in line for line in process.stderr)
        process.send_signal(signal.SIGTERM)
        said = process.stderr.read()
    return process.returncode, said


def states(folder):
    """(component, state) of the executions of our components in ML Metadata, oldest first."""
    query = "SELECT Type.name, last_known_state FROM Execution JOIN Type ON Type.id = type_id ORDER BY Execution.id"
    with contextlib.closing(sqlite3.connect(folder / "tfx" / "root" / "mlmd.sqlite")) as database:
        rows = database.execute(query).fetchall()
    return [(name.rpartition(".")[2], state) for name, state in rows if name.startswith("pipeline.tfx.dag.")]


def weights(version):
    return json.loads((version / "model_card.json").read_text())["model_digest"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Scans, and a run in TFX that was stopped in its training and then went on."""
    folder = tmp_path_factory.mktemp("tfx")
    simulated = python("-m", "pipeline.simulate", "--output", folder / "scans", "--count", 40, "--seed", 3)
    assert simulated.returncode == 0, simulated.stderr
    (folder / "none.toml").touch()  # asks nothing of a model
    (folder / "strict.toml").write_text("[value]\nmmd_over_floor = 0.0\n")
    code, said = stop_in_training(folder)
    assert code == 1
    assert re.search(r"^error: Trainer failed: training was stopped at iteration \d of 6", said, re.M), said
    result = start(folder, "tfx")
    assert result.returncode == 0, result.stderr
    assert "iteration 1/6" not in result.stderr
    (folder / "result.json").write_text(result.stdout)
    return folder


def test_a_stopped_and_resumed_run_has_the_weights_of_the_light_orchestrators(folder):
    light = start(folder, "light")
    assert light.returncode == 0, light.stderr
    assert weights(folder / "tfx" / "saved" / "1") == weights(folder / "light" / "saved" / "1")
    trainings = [state for name, state in states(folder) if name == "Trainer"]
    assert trainings[:2] == [FAILED, COMPLETE]
    made = json.loads((folder / "result.json").read_text())
    assert (folder / "tfx" / "root" / made["artifacts"]["Evaluator.blessing"] / "BLESSED").is_file()
    assert made["artifacts"].keys() == json.loads(light.stdout)["artifacts"].keys()


def test_a_second_run_takes_all_but_the_push_from_the_cache_and_pushes_nothing_twice(folder):
    before = len(states(folder))
    result = start(folder, "tfx")
    assert result.returncode == 0, result.stderr
    assert re.findall(r"^(\w+): begins$", result.stderr, re.M) == ["Pusher"]
    new = states(folder)[before:]
    assert [name for name, state in new if state != CACHED] == ["Pusher", "PusherGate"]
    assert len(new) == 10
    assert [path.name for path in (folder / "tfx" / "saved").iterdir()] == ["1"]


def test_a_model_that_is_not_good_enough_ends_with_code_3_and_is_not_pushed(folder):
    result = start(folder, "tfx", "--thresholds", folder / "strict.toml")
    assert result.returncode == 3, result.stderr
    verdict = json.loads(result.stdout)["verdict"]
    assert not verdict["blessed"]
    assert f"Pusher: {verdict['reasons'][0]}" in result.stderr
    assert [path.name for path in (folder / "tfx" / "saved").iterdir()] == ["1"]


def test_anomalies_stop_the_run_and_keep_their_artifact(folder):
    made = json.loads((folder / "result.json").read_text())["artifacts"]
    schema = (folder / "tfx" / "root" / made["SchemaGen.schema"] / "schema.pbtxt").read_text()
    (folder / "other.pbtxt").write_text(schema.replace("max: 32", "max: 16").replace("min: 32", "min: 16"))
    result = start(folder, "tfx", "--schema", folder / "other.pbtxt")
    assert result.returncode == 1
    assert re.search(r"^ExampleValidator: .*schema drift", result.stderr, re.M), result.stderr
    found = json.loads(result.stdout)["artifacts"]
    assert "Trainer.model" not in found
    assert (folder / "tfx" / "root" / found["ExampleValidator.anomalies"] / "anomalies.json").is_file()


def test_a_root_belongs_to_one_orchestrator(folder):
    root = folder / "tfx" / "root"
    result = start(folder, "light", "--pipeline-root", root)
    assert result.returncode == 1
    assert result.stderr.endswith(f"error: --pipeline-root {root} is one of --orchestrator tfx: give another\n")


def recipe(number, **names):
    """A Python block of the guide as a script, with its placeholders in capitals filled in."""
    text = re.findall(r"```python\n(.*?)```", GUIDE, re.S)[number]
    for name, value in names.items():
        assert name in text
        text = text.replace(name, str(value))
    return text


def test_tfx_own_components_run_on_our_files(folder, tmp_path):
    made = json.loads((folder / "result.json").read_text())["artifacts"]
    dataset = folder / "tfx" / "root" / made["ExampleGen.examples"]
    text = recipe(1, DATASET=dataset, ROOT=tmp_path / "root", SERVING=tmp_path / "saved")
    overrides = {"iterations": 6, "width": 4, "batch_size": 4, "checkpoint_every": 2, "metric_samples": 0}
    (tmp_path / "recipe.py").write_text(text.replace('{"iterations": 5000}', repr(overrides)))
    result = python(tmp_path / "recipe.py")
    assert result.returncode == 0, result.stderr[-3000:]
    (version,) = (tmp_path / "saved").iterdir()
    assert weights(version) == weights(folder / "tfx" / "saved" / "1")
    for place in ("StatisticsGen/statistics/*/Split-train/FeatureStats.pb", "ExampleValidator/anomalies/*/Split-eval"):
        assert list((tmp_path / "root").glob(place)), place


def test_the_pipeline_runs_on_beams_runner(folder, tmp_path):
    text = recipe(0, FLAGS=repr(words_for(folder, "tfx", "--serving-dir", tmp_path / "saved")))
    (tmp_path / "on_beam.py").write_text(text)
    result = python(tmp_path / "on_beam.py")
    assert result.returncode == 0, result.stderr[-3000:]
    assert [path.name for path in (tmp_path / "saved").iterdir()] == ["1"]
