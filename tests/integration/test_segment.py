"""`python -m tfgan_thyroid.segment` as a user types it, and one clear line for each mistake."""

import csv
import json
import signal
import subprocess
import sys
import time

import pytest

from tfgan_thyroid.runs.run_directory import read_lines

SMALL = ("--width", "8", "--batch-size", "6", "--epochs", "30", "--limit", "12")


def run(*arguments):
    words = [sys.executable, "-m", "tfgan_thyroid.segment", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def assert_one_clear_line(result, *words):
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stderr
    line = result.stderr.strip().splitlines()[-1]
    assert line.startswith("error: ")
    for word in words:
        assert str(word) in line, line


@pytest.fixture(scope="module")
def finished(labelled_dataset, tmp_path_factory):
    """The command's outcome, its run directory and its SavedModels."""
    outdir = tmp_path_factory.mktemp("runs")
    result = run("--data", labelled_dataset, *SMALL, "--outdir", outdir, "--export-to", outdir / "unet", "--json")
    assert result.returncode == 0, result.stderr
    return result, outdir / "00000-unet-16px-12real", outdir / "unet"


def test_one_command_trains_scores_and_exports(finished, labelled_dataset):
    result, directory, models = finished
    document = json.loads(result.stdout)
    assert (document["finished"], document["epoch"], document["images"]) == (True, 30, 8)
    summary = json.loads((directory / "summary.json").read_text())
    assert document["image_mean"] == summary["image_mean"]
    rows = list(csv.DictReader((directory / "scores.csv").read_text().splitlines()))
    assert document["image_mean"]["dice"] > 0.5
    assert sum(float(row["dice"]) for row in rows) / 8 == pytest.approx(document["image_mean"]["dice"])
    assert (directory / "overlays.png").stat().st_size > 10_000
    assert (directory / "log.txt").read_text().count("\nepoch ") == 30
    card = json.loads((models / "1" / "model_card.json").read_text())
    assert card["scores"]["dice"] == document["image_mean"]["dice"]
    assert str(labelled_dataset) not in (models / "1" / "model_card.md").read_text() + json.dumps(card)


def test_a_finished_run_is_scored_again_as_it_was(finished):
    _, directory, _ = finished
    before = (directory / "scores.csv").read_text()
    result = run("--resume", directory)
    assert result.returncode == 0, result.stderr
    assert "nothing to do" in result.stderr
    assert (directory / "scores.csv").read_text() == before


@pytest.mark.slow
def test_generated_pairs_are_compared_with_the_same_training_without_them(labelled_dataset, tmp_path):
    small = ("--data", labelled_dataset, "--width", "2", "--epochs", "2", "--outdir", tmp_path, "--json")
    result = run(*small, "--synthetic", labelled_dataset)
    assert result.returncode == 0, result.stderr
    gain = json.loads(result.stdout)["gain"]
    assert (gain["steps"], gain["seeds"], gain["patients"]) == (10, 1, 4)  # 40 examples, batch 8, 2 epochs; 8 images
    dice = gain["difference"]["dice"]
    assert dice["mean"] == pytest.approx(json.loads(result.stdout)["image_mean"]["dice"] - gain["baseline"]["dice"])
    assert dice["low"] <= dice["mean"] <= dice["high"]
    directory = tmp_path / "00000-unet-16px-20real-20generated"
    assert json.loads((directory / "baseline.json").read_text()) == gain
    assert gain["verdict"] in result.stderr
    assert "one seed" in gain["verdict"]
    alone = run(*small, "--synthetic", labelled_dataset, "--no-baseline")
    assert "gain" not in json.loads(alone.stdout)


@pytest.mark.slow
@pytest.mark.end_to_end
def test_a_terminated_run_says_how_to_go_on_and_goes_on(labelled_dataset, tmp_path):
    arguments = ["--data", labelled_dataset, *SMALL, "--epochs", "100000", "--outdir", tmp_path]
    words = [sys.executable, "-m", "tfgan_thyroid.segment", *map(str, arguments)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        stats = tmp_path / "00000-unet-16px-12real" / "stats.jsonl"
        while not read_lines(stats) and process.poll() is None:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        errors = process.communicate(timeout=300)[1]
    assert process.returncode == 0, errors
    assert "saved" in errors
    assert "-m tfgan_thyroid.segment --resume" in errors
    done = len(read_lines(stats))
    result = run("--resume", "latest", "--outdir", tmp_path, "--epochs", done + 1, "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["epoch"] == done + 1
    assert [line["epoch"] for line in read_lines(stats)] == list(range(1, done + 2))


def test_a_dry_run_tells_the_cost_and_writes_nothing(labelled_dataset, tmp_path):
    result = run("--data", labelled_dataset, "--preset", "paper", "--dry-run", "--outdir", tmp_path / "runs", "--json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["estimate"]["parameters"] == 31_036_481
    assert document["estimate"]["steps_per_epoch"] == 2
    assert document["examples"] == {"labelled": 20, "generated": 0, "test": 8}
    assert not (tmp_path / "runs").exists()


def test_mistakes_are_told_in_one_line_and_leave_nothing(make_labelled_dataset, labelled_dataset, tmp_path):
    plain = make_labelled_dataset(tmp_path / "plain", {"train": 2, "test": 2}, masks=False)
    larger = make_labelled_dataset(tmp_path / "larger", {"train": 2}, image_size=32)
    outdir = tmp_path / "runs"
    assert_one_clear_line(run("--data", plain, "--outdir", outdir), "has no masks", "--masks")
    assert_one_clear_line(
        run("--data", labelled_dataset, "--synthetic", larger, "--outdir", outdir), "32 pixels", "have 16"
    )
    assert_one_clear_line(run("--resume", "latest", "--outdir", tmp_path), "no run directory of")
    assert not outdir.exists()


def test_wrong_flags_exit_with_2():
    for arguments in ((), ("--data", "x", "--loss", "focal"), ("--data", "x", "--epochs", "0")):
        result = run(*arguments)
        assert result.returncode == 2
        assert "Traceback" not in result.stderr
