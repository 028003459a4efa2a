"""The serving benchmarks, small: what they count and what they refuse."""

import dataclasses
import json
import subprocess
import sys

import pytest

from tfgan_thyroid.models.registry import build_model
from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.run_directory import RunDirectory, RunRecord, current_stack
from tfgan_thyroid.serving.export.saved_model import export_generator


@pytest.fixture(scope="module")
def models(tiny_config, tmp_path_factory):
    record = RunRecord(tiny_config, "/data", "train", "digest", current_stack(), "0")
    run = RunDirectory.create(tmp_path_factory.mktemp("runs"), record)
    checkpoints.save(run, build_model(tiny_config))
    output = tmp_path_factory.mktemp("saved_models") / "thyroid"
    export_generator(run, output)
    return output


def run(module, *arguments):
    words = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_load_counts_every_request_and_finds_no_wrong_answer(models):
    result = run("benchmarks.serving_load", "--model", models, "--requests", 300, "--clients", 4, "--json")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["requests"] == found["good"] + found["malformed_and_refused"] == 300
    assert found["malformed_and_refused"] > 0
    assert found["wrong"] == 0
    assert 0 < found["milliseconds_p50"] <= found["milliseconds_p99"]
    assert [path.name for path in models.iterdir()] == ["1"]  # the pushed version went into a copy


@pytest.mark.slow
def test_the_speed_of_each_side_is_told_by_batch_size(models, tiny_config):
    result = run("benchmarks.serving", "--model", models, "--batch-sizes", "1,3", "--rounds", 1, "--json")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    config = dataclasses.asdict(tiny_config)
    assert found["model"] == {key: config[key] for key in ("image_size", "width", "latent_size", "channels")}
    for size in ("1", "3"):
        sides = found["results"][size]
        for name in ("images", "png_files", "png_files_served"):
            assert sides[name]["images_per_second"] == pytest.approx(1e3 * int(size) / sides[name]["p50_ms"])
        served, alone = (sides[name]["images_per_second"] for name in ("png_files_served", "png_files"))
        assert sides["ratios"]["served_to_in_process"] == pytest.approx(served / alone)


@pytest.mark.parametrize("module", ["benchmarks.serving", "benchmarks.serving_load"])
def test_a_missing_model_is_told_in_one_line(module, tmp_path):
    result = run(module, "--model", tmp_path / "missing")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "tfgan_thyroid.export" in result.stderr.splitlines()[-1]  # TensorFlow 2.21 has start-up notices before it
