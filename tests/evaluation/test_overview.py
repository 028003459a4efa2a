"""Runs as their files tell of them, listed and side by side on one page."""

import dataclasses
import json
from html.parser import HTMLParser

import numpy as np
import pytest

from tfgan_thyroid.compare import main
from tfgan_thyroid.data.scans.files import encode_png
from tfgan_thyroid.evaluation.overview.page import write_page
from tfgan_thyroid.evaluation.overview.run_facts import all_facts, read_facts
from tfgan_thyroid.presets import preset
from tfgan_thyroid.runs.run_directory import RunDirectory, RunRecord, append_line


def make_run(outdir, seed=0, **changes):
    """A run of ten iterations, as a training leaves it, without checkpoints."""
    config = preset("demo").replace(image_size=16, iterations=10, batch_size=4, seed=seed, **changes)
    run = RunDirectory.create(outdir, RunRecord(config, "/secret/smith", "train", "d1ge57" * 10, {}, "0"))
    run.scans_file.write_text(json.dumps([{}] * 40))
    for iteration in (5, 10):
        append_line(run.stats_file, {"iteration": iteration, "d_loss": 1.0, "images_per_second": 2.0})
    estimate = {"mean": 0.25, "std": 0.01, "floor": 0.125}
    append_line(run.metrics_file, {"iteration": 10, "mmd": estimate})
    rng = np.random.default_rng(seed)
    for name in ("reals", "fakes000000", "fakes000010", "curves"):
        (run.path / f"{name}.png").write_bytes(encode_png(rng.integers(0, 256, (64, 128)).astype(np.uint8)))
    return run


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.images, self.loaded, self.text = 0, [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if tag == "img" and name == "src" and value.startswith("data:image/png;base64,"):
                self.images += 1
            elif name in ("src", "href") and not value.startswith("#"):
                self.loaded.append(value)

    def handle_data(self, data):
        self.text += data


def test_the_facts_of_a_run_come_from_its_files(tmp_path):
    facts = read_facts(make_run(tmp_path, width=4).path)
    assert (facts.iteration, facts.length, facts.scans) == (10, 10, 40)
    assert facts.seconds == 20.0  # 10 iterations of 4 images at 2 a second
    assert facts.differs == {"width": 4, "batch_size": 4, "iterations": 10}
    assert facts.metrics == {"mmd": (0.25, 0.125)}
    assert (facts.verdict, facts.audit) == ([], None)


def test_one_run_makes_a_page_that_loads_nothing_and_names_no_path(tmp_path):
    run = make_run(tmp_path, width=4)
    (run.path / "verdict.json").write_text(json.dumps({"verdict": ["Told from real scans at 16 pixels."]}))
    write_page([read_facts(run.path)], tmp_path / "report.html", "2 cores")
    text = (tmp_path / "report.html").read_text()
    page = Page(text)
    assert page.images == 4  # reals, fakes, over time, curves
    assert page.loaded == []
    assert "smith" not in text
    for words in ("Told from real scans at 16 pixels.", "0.25 (0.125)", "2 cores", "10 of 10", "width"):
        assert words in page.text


def test_two_runs_are_shown_with_what_differs_between_them(tmp_path):
    runs = [make_run(tmp_path / "runs", seed=seed, ema_decay=0.5 + seed / 10) for seed in range(2)]
    write_page([read_facts(run.path) for run in runs], tmp_path / "both.html")
    page = Page((tmp_path / "both.html").read_text())
    assert page.images == 1 + 2 + 2 + 2
    for words in ("ema_decay", "0.5", "0.6", *(run.path.name for run in runs)):
        assert words in page.text
    assert "learning_rate" not in page.text


def test_runs_are_listed_with_the_command_that_shows_the_newest(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = [make_run(tmp_path / "runs", seed=seed).path.name for seed in range(3)]
    assert main([]) == 0
    printed = capsys.readouterr()
    for name in names:
        assert f"{name:38}demo    d1ge57d1      40     16           10/10  mmd 0.2500" in printed.out
    assert f"-m tfgan_thyroid.compare runs/{names[1]} runs/{names[2]}" in printed.err
    assert main(["runs/latest", "--json"]) == 0
    (facts,) = json.loads(capsys.readouterr().out)
    assert facts["path"] == f"runs/{names[2]}"
    assert (tmp_path / "comparison.html").exists()


def test_a_folder_without_runs_is_an_empty_list(tmp_path):
    assert all_facts(tmp_path / "none") == []


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_damaged_record_is_named(tmp_path, content):
    from tfgan_thyroid.errors import UserError

    run = make_run(tmp_path)
    run.config_file.write_text(content)
    with pytest.raises(UserError, match="config.json is damaged"):
        read_facts(run.path)


def test_a_field_of_another_version_does_not_spoil_the_list(tmp_path):
    run = make_run(tmp_path)
    record = json.loads(run.config_file.read_text())
    record["config"] |= {"later_field": 1, "preset": "gone"}
    run.config_file.write_text(json.dumps(record))
    assert read_facts(run.path).differs == {}
    assert dataclasses.asdict(read_facts(run.path))["config"]["later_field"] == 1
