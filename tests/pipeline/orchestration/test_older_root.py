"""A root that version 0.1.0 left (manifests, marks and store of two runs; large files omitted) still answers."""

import json
import sqlite3
from pathlib import Path

import pytest

from pipeline import clean, rollback, status
from pipeline.components.pusher import card_digest, push
from pipeline.orchestration.artifact import Artifact
from pipeline.orchestration.store import MetadataStore
from tfgan_thyroid.serving.versions import versions_in


@pytest.fixture
def root(tmp_path):
    saved = json.loads((Path(__file__).parent / "root_of_0_1.json").read_text())
    for name, text in saved["files"].items():
        (tmp_path / "root" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / name).write_text(text)
    with sqlite3.connect(tmp_path / "root" / "metadata.sqlite") as database:
        database.executescript(saved["metadata.sqlite"])
    database.close()
    return tmp_path / "root"


def test_status_lists_runs_blessings_and_versions(root, capsys):
    assert status.main(["--pipeline-root", str(root), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [(run["state"], len(run["executions"])) for run in document["runs"]] == [
        ("complete", 8),
        ("stopped", 8),
        ("running", 5),
    ]
    marks = {artifact["name"]: artifact["mark"] for artifact in document["artifacts"]}
    assert marks["Evaluator/blessing/6"] == "BLESSED"
    assert marks["Evaluator/blessing/14"] == "NOT_BLESSED"
    assert marks["Pusher/pushed_model/8"] == "version 1"
    assert status.main(["--pipeline-root", str(root), "--lineage", "Pusher/pushed_model/8"]) == 0
    assert "ExampleGen/examples/1" in capsys.readouterr().out


def test_clean_removes_the_refused_model_and_keeps_the_pushed_one(root, capsys):
    assert clean.main(["--pipeline-root", str(root), "--yes"]) == 0
    named = {line.split()[0] for line in capsys.readouterr().out.splitlines()[:-1]}
    assert {"Trainer/model/13", "Evaluator/blessing/14", "Pusher/pushed_model/16"} <= named
    assert not (root / "Trainer" / "model" / "13").exists()
    assert Artifact.read(root / "Trainer" / "model" / "5").properties == {}


def test_the_blessed_model_is_the_baseline_of_the_next_run(root):
    assert Artifact.read(root / "Evaluator" / "blessing" / "6").properties == {"blessed": 1}
    store = MetadataStore(root)
    assert [model.name for model in store.blessed("Evaluator", "model", "blessing")] == ["Trainer/model/5"]
    store.close()


def test_rollback_serves_the_version_before(root, tmp_path):
    pushed = json.loads((root / "Pusher" / "pushed_model" / "8" / "pushed.json").read_text())
    for digest in (pushed["model_digest"], "another"):
        model = tmp_path / digest
        model.mkdir()
        (model / "model_card.json").write_text(json.dumps({"model_digest": digest}))
        push(model, tmp_path / "saved", keep=3)
    assert rollback.main(["--serving-dir", str(tmp_path / "saved")]) == 0
    assert card_digest(list(versions_in(tmp_path / "saved").values())[-1]) == pushed["model_digest"]
