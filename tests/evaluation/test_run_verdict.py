"""The verdict at the end of a training: written into the run, and repeated by that checkpoint's model card alone."""

import json
import shutil

import pytest

from tfgan_thyroid.evaluation.run_verdict import judge_run, write_verdict
from tfgan_thyroid.evaluation.verdict import Verdict
from tfgan_thyroid.runs.run_directory import RunDirectory
from tfgan_thyroid.serving.export.model_card import add_findings
from tfgan_thyroid.serving.export.saved_model import export_generator


@pytest.fixture
def own_run(run, tmp_path):
    shutil.copytree(run.path, tmp_path / "run")
    return RunDirectory(tmp_path / "run")


def test_too_few_scans_are_no_verdict_and_say_how_many_are_needed(own_run):
    said = judge_run(own_run, seconds=60.0)
    assert said.headline == (
        "No verdict: too few scans to judge: 24 scans of 12 patients, and a verdict needs at least 100 scans of 10 "
        "patients"
    )
    written = json.loads(own_run.verdict_file.read_text())
    assert written == {"iteration": 0, "verdict": said.lines, "two_sample": None}


def test_the_card_repeats_the_verdict_of_its_checkpoint_and_takes_a_later_one(own_run, tmp_path):
    write_verdict(own_run, 0, Verdict("Told from scans at every scale", ("more",)), None)
    version = export_generator(own_run, tmp_path / "saved")
    assert "## Verdict\n\nTold from scans at every scale\n\nmore\n" in (version / "model_card.md").read_text()
    add_findings(version, {"verdict": ["Generated images copy scans"]})
    assert json.loads((version / "model_card.json").read_text())["verdict"] == ["Generated images copy scans"]
    assert "## Verdict\n\nGenerated images copy scans\n" in (version / "model_card.md").read_text()
    write_verdict(own_run, 7, Verdict("Of another checkpoint"), None)
    other = export_generator(own_run, tmp_path / "other")
    assert "No verdict: this checkpoint was not judged" in (other / "model_card.md").read_text()
