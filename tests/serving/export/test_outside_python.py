"""The export through TensorFlow's C API, in a process without TensorFlow's Python: what TF Serving's loader does."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

SEEDS = [0, 7, 123_456_789]


def run_in_c(version, feed, fetch, output):
    """Runs c_api_client.py, which knows ctypes and no TensorFlow in Python, and gives the files it wrote."""
    library = Path(importlib.util.find_spec("tensorflow").origin).parent
    words = [sys.executable, str(Path(__file__).parent / "c_api_client.py"), str(library), str(version)]
    words += [feed, fetch, str(output), *map(str, SEEDS)]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "tensorflow" not in result.stdout.split()
    return [path.read_bytes() for path in sorted(output.iterdir())]


@pytest.fixture(scope="module")
def version(model_directory):
    return model_directory / "1"


def test_the_c_api_gives_the_same_png_files(version, tmp_path):
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        loaded = tf.compat.v1.saved_model.load(session, ["serve"], str(version)).signature_def["serving_default"]
        feed, fetch = loaded.inputs["seed"].name, loaded.outputs["image_bytes"].name
        expected = session.run(fetch, {feed: np.array(SEEDS)}).tolist()
    files = run_in_c(version, feed, fetch, tmp_path / "out")
    assert files == expected
    assert all(file.startswith(b"\x89PNG") for file in files)
    eager = tf.saved_model.load(str(version)).signatures["serving_default"](tf.constant(SEEDS, tf.int64))
    assert files == eager["image_bytes"].numpy().tolist()
