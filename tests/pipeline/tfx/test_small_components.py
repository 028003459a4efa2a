"""What TFX caches, resumes, compares and stops, with components that take no time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.tfx


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    root = tmp_path_factory.mktemp("tfx") / "root"
    words = [sys.executable, str(Path(__file__).parent / "small_components.py"), str(root)]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return root, json.loads(result.stdout)


def test_an_interrupted_component_goes_on_from_its_scratch(story):
    interrupted, resumed, *_ = story[1]["runs"]
    assert interrupted == {"error": "Train failed: stopped", "begun": ["Train x"]}
    assert resumed["begun"] == ["Train xx", "Judge first against None", "Push", "After"]
    assert not list(story[0].glob("*/.working/scratch-*"))


def test_a_second_run_takes_everything_from_the_cache_but_what_is_not_reusable(story):
    assert story[1]["runs"][2]["begun"] == ["Push", "After"]


def test_the_baseline_is_the_last_blessed_model_other_than_the_new_one(story):
    judged = [line for run in story[1]["runs"] for line in run["begun"] if line.startswith("Judge")]
    # The last run has the second model again, and compares it with the first as before: nothing to do.
    assert judged == ["Judge first against None", "Judge second against first", "Judge third against second"]


def test_a_gate_stops_the_run_and_the_artifact_stays(story):
    root, document = story
    refused = document["runs"][4]
    assert refused["stopped_by"] == ["Push", "not good enough"]
    assert "After" not in refused["begun"]
    assert (root / refused["artifacts"]["Push.pushed_model"] / "mark").read_text() == "False"
    assert document["runs"][3]["stopped_by"] is None


def test_a_result_names_the_artifacts_of_its_own_run(story):
    first, again = story[1]["runs"][3], story[1]["runs"][5]
    assert again["artifacts"]["Train.model"] == first["artifacts"]["Train.model"]
    assert again["artifacts"]["After.done"] != first["artifacts"]["After.done"]
    assert again["run"] == 6


def test_the_store_knows_the_properties(story):
    properties = story[1]["properties"]
    assert (properties["blessed"], properties["mmd"], properties["words"]) == (1, 0.5, "some")
    assert len(properties["digest"]) == 64 and properties["current_model_id"] > 0
