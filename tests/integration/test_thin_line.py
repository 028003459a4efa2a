"""From nothing to a served image by the commands alone, at a size that takes a minute."""

import json
import signal
import subprocess
import sys
import time

import pytest
from PIL import Image

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]
SETTINGS = ["log_every=1", "image_every=2", "checkpoint_every=2", "metric_samples=4", "metric_draws=2", "latent_size=8"]
FLAGS = ["--width", "4", "--batch-size", "4", *(word for setting in SETTINGS for word in ("--set", setting))]


def run(module, *arguments, **kwargs):
    words = [sys.executable, "-m", module, *map(str, arguments)]
    result = subprocess.run(words, capture_output=True, text=True, check=False, **kwargs)
    assert result.returncode == 0, result.stderr
    return result


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """`train` without data, at 16 pixels and two iterations: its output and the folder it ran in."""
    folder = tmp_path_factory.mktemp("demo")
    arguments = ["--demo-scans", "14", "--iterations", "3", "--set", "image_size=16", *FLAGS, "--json"]
    return folder, run("tfgan_thyroid.train", *arguments, cwd=folder)


def test_train_without_data_simulates_preprocesses_trains_and_exports(demo):
    folder, result = demo
    report = json.loads(result.stdout)
    assert report["iteration"] == 3
    assert (folder / report["saved_model"] / "saved_model.pb").exists()
    assert (folder / report["run"] / "fakes000003.png").exists()
    assert "$ python -m pipeline.simulate" in result.stderr
    assert "$ python -m pipeline.preprocess" in result.stderr


def test_train_ends_with_the_next_commands(demo):
    _, result = demo
    for words in (
        "--samples_per_plugin images=500",
        "tfgan_thyroid.generate --run",
        "pipeline.preprocess --input SCANS --output DATASET",
        "look at: runs/00000-demo-r1-gan-16px/fakes000003.png",
    ):
        assert words in result.stderr


def test_generate_writes_files_from_the_run(demo, tmp_path):
    folder, result = demo
    run_path = folder / json.loads(result.stdout)["run"]
    run("tfgan_thyroid.generate", "--run", run_path, "--output", tmp_path / "out", "--count", "3", "--seed", "5")
    files = sorted(path.name for path in (tmp_path / "out" / "images").iterdir())
    assert files == [f"synthetic_{seed:010d}.png" for seed in (5, 6, 7)]
    with Image.open(tmp_path / "out" / "images" / files[0]) as image:
        assert image.size == (16, 16)


def test_the_export_needs_nothing_but_tensorflow(demo, tmp_path):
    """By its signature names, in a process that never sees this package, by eager loading and in a session."""
    folder, result = demo
    program = f"""
import sys
import tensorflow as tf
path = {str(folder / json.loads(result.stdout)["saved_model"])!r}
eager = tf.saved_model.load(path).signatures["serving_default"](seed=tf.constant([7], tf.int64))["image_bytes"]
v1 = tf.compat.v1
with v1.Session(graph=tf.Graph()) as session:
    signature = v1.saved_model.load(session, ["serve"], path).signature_def["serving_default"]
    feed = {{signature.inputs["seed"].name: [7]}}
    graph = session.run(signature.outputs["image_bytes"].name, feed)
assert eager.numpy().tolist() == graph.tolist()
assert graph[0].startswith(b"\\x89PNG")
assert "tfgan_thyroid" not in sys.modules and "pipeline" not in sys.modules
"""
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert process.returncode == 0, process.stderr


def test_a_run_that_a_signal_stops_says_so_and_goes_on(demo, tmp_path):
    folder, _ = demo
    data = next((folder / "runs" / "demo-data").glob("dataset-*"))
    words = [
        "-m",
        "tfgan_thyroid.train",
        "--data",
        str(data),
        "--outdir",
        str(tmp_path),
        "--iterations",
        "100000",
        *FLAGS,
    ]
    process = subprocess.Popen([sys.executable, *words], stderr=subprocess.PIPE, text=True)
    stats = tmp_path / "00000-paper-alpha-wgan-gp-16px" / "stats.jsonl"
    deadline = time.monotonic() + 120
    while not (stats.exists() and stats.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "stopped by SIGTERM" in errors and "--resume" in errors
    done = json.loads(stats.read_text().splitlines()[-1])["iteration"]
    goal = done + 2
    run("tfgan_thyroid.train", "--resume", "latest", "--outdir", tmp_path, "--iterations", goal)
    iterations = [json.loads(line)["iteration"] for line in stats.read_text().splitlines()]
    assert iterations == list(range(1, goal + 1))


def test_a_dry_run_prints_the_cost_and_writes_nothing(tmp_path):
    result = run("tfgan_thyroid.train", "--dry-run", "--json", *FLAGS, "--outdir", tmp_path / "runs", cwd=tmp_path)
    cost = json.loads(result.stdout)["estimate"]
    convolutions = (17 * 4, (16 * 4 + 1) * 8, (9 * 8 + 1) * 8, 8 + 1)  # width 4
    assert cost["parameters"]["texture_discriminator"] == sum(convolutions)
    assert cost["hours"] > 0 and cost["memory_gib"] > 0
    assert list(tmp_path.iterdir()) == []
