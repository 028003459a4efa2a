import json
from pathlib import Path

import pytest

from tfgan_thyroid.config import Config
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.runs.run_directory import (
    RunDirectory,
    RunRecord,
    append_line,
    current_stack,
    forget_after,
    read_lines,
)


@pytest.fixture
def record():
    return RunRecord(Config(), "/data", "train", "digest", current_stack(), "0")


def test_runs_are_numbered_and_named_by_what_they_train(tmp_path, record):
    names = [RunDirectory.create(tmp_path / "runs", record).path.name for _ in range(2)]
    assert names == ["00000-paper-alpha-wgan-gp-256px", "00001-paper-alpha-wgan-gp-256px"]


def test_the_record_is_there_first_and_survives(tmp_path, record):
    run = RunDirectory.create(tmp_path, record)
    assert RunDirectory.open(run.path).read() == record


def test_the_latest_run_has_the_highest_number(tmp_path, record):
    runs = [RunDirectory.create(tmp_path, record) for _ in range(3)]
    (tmp_path / "demo-data").mkdir()
    assert RunDirectory.latest(tmp_path).path == runs[-1].path


def test_latest_stands_for_the_newest_run_of_a_folder(tmp_path, record, monkeypatch):
    monkeypatch.chdir(tmp_path)
    RunDirectory.create(Path("runs"), record)
    newest = RunDirectory.create(Path("runs"), record)
    other = RunDirectory.create(Path("other"), record)
    assert RunDirectory.open(Path("latest")).path == newest.path
    assert RunDirectory.open(Path("other/latest")).path == other.path


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("dataset.json", "is a data set"),
        ("1/saved_model.pb", "is an exported model"),
        ("manifest.json", "generated images"),
    ],
)
def test_what_was_given_instead_of_a_run_is_said(tmp_path, file, words):
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("")
    with pytest.raises(UserError, match=words):
        RunDirectory.open(tmp_path)


def test_a_folder_without_runs_is_told(tmp_path):
    for outdir in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UserError, match="no run directory of"):
            RunDirectory.latest(outdir)


def test_a_directory_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(UserError, match="not a run directory"):
        RunDirectory.open(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", '{"config": {}}'])
def test_a_damaged_record_is_named(tmp_path, record, content):
    run = RunDirectory.create(tmp_path, record)
    run.config_file.write_text(content)
    with pytest.raises(UserError, match="config.json|configuration"):
        run.read()


def test_an_unfinished_last_line_is_left_out_and_lines_to_be_repeated_are_dropped(tmp_path):
    path = tmp_path / "stats.jsonl"
    for iteration in (10, 20, 30):
        append_line(path, {"iteration": iteration, "loss": 0.1 + 0.2})
    with path.open("a") as file:
        file.write('{"iteration": 40, "lo')
    assert [line["iteration"] for line in read_lines(path)] == [10, 20, 30]
    forget_after(path, 20)
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"iteration": 10, "loss": 0.30000000000000004},
        {"iteration": 20, "loss": 0.30000000000000004},
    ]
