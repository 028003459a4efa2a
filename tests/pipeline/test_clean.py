"""What clean says and removes, over a root of small components that stand for the real ones; and what status tells."""

import json
import logging
from dataclasses import dataclass

import pytest

from pipeline import clean
from pipeline.components.component import Component
from pipeline.orchestration.orchestrator import Orchestrator
from pipeline.orchestration.store import MetadataStore
from pipeline.status import status
from tfgan_thyroid.errors import UserError


@dataclass(frozen=True)
class Trainer(Component):
    outputs = {"model": "Model", "model_run": "ModelRun"}
    seed: int
    stopped: bool

    def run(self, workplace):
        (workplace.scratch / "checkpoint").write_text("half way")
        if self.stopped:
            raise UserError("stopped")
        (workplace.outputs["model"] / "weights").write_text(str(self.seed) * 1000)


@dataclass(frozen=True)
class Evaluator(Component):
    inputs = {"model": "Trainer.model"}
    outputs = {"blessing": "ModelBlessing", "evaluation": "ModelEvaluation"}
    good: bool

    def run(self, workplace):
        (workplace.outputs["blessing"] / ("BLESSED" if self.good else "NOT_BLESSED")).touch()

    def properties(self, outputs):
        return {"blessing": {"blessed": int(self.good)}}


class Pusher(Component):
    inputs = {"model": "Trainer.model", "blessing": "Evaluator.blessing"}
    outputs = {"pushed_model": "PushedModel"}
    reusable = False

    def run(self, workplace):
        good = (workplace.inputs["blessing"] / "BLESSED").is_file()
        digest = (workplace.inputs["model"] / "weights").read_text()[0]
        pushed = {"pushed": good, "version": 1 if good else None, "model_digest": digest}
        (workplace.outputs["pushed_model"] / "pushed.json").write_text(json.dumps(pushed))


def run(root, seed, good=True, stopped=False):
    logging.getLogger("tfgan_thyroid").setLevel(logging.ERROR)
    return Orchestrator(root).run([Trainer(seed=seed, stopped=stopped), Evaluator(good=good), Pusher()])


@pytest.fixture
def root(tmp_path):
    """A model that was pushed, one that was not good enough, and the latest, pushed too."""
    for seed, good in ((0, True), (1, False), (2, True)):
        run(tmp_path / "root", seed, good)
    return tmp_path / "root"


def names(root, serving_dir=None):
    store = MetadataStore(root)
    try:
        return clean.unneeded(store, serving_dir)
    finally:
        store.close()


def artifacts(root):
    return [artifact["name"] for artifact in status(root)["artifacts"]]


def test_what_no_pushed_model_needs_is_said_and_only_then_removed(root, capsys):
    refused = ["Trainer/model/4", "Trainer/model_run/4", "Evaluator/blessing/5", "Evaluator/evaluation/5"]
    refused += ["Pusher/pushed_model/6"]
    before = artifacts(root)
    assert clean.main(["--pipeline-root", str(root)]) == 0
    said = capsys.readouterr().out
    assert [line.split()[0] for line in said.splitlines()[:-1]] == refused
    assert said.splitlines()[-1].startswith("5 artifacts, 0 unfinished")
    assert artifacts(root) == before
    assert clean.main(["--pipeline-root", str(root), "--yes"]) == 0
    assert capsys.readouterr().out.splitlines()[:5] == said.splitlines()[:5]
    assert artifacts(root) == [name for name in before if name not in refused]
    assert not any((root / name).exists() for name in refused)
    assert names(root) == []
    run(root, 1, good=False)
    assert len(artifacts(root)) == len(before)


def test_a_pushed_model_that_is_no_longer_served_is_not_needed_where_the_serving_folder_is_given(root, tmp_path):
    served = tmp_path / "saved" / "2"
    served.mkdir(parents=True)
    (served / "model_card.json").write_text(json.dumps({"model_digest": "2"}))
    assert "Trainer/model/1" not in names(root)
    assert {"Trainer/model/1", "Pusher/pushed_model/3"} <= set(names(root, tmp_path / "saved"))
    assert "Trainer/model/7" not in names(root, tmp_path / "saved")


def test_the_last_blessed_model_stays_since_the_next_is_compared_with_it(root, tmp_path):
    run(root, 3, good=False)
    (tmp_path / "empty").mkdir()
    kept = set(artifacts(root)) - set(names(root, tmp_path / "empty"))
    assert {"Trainer/model/7", "Evaluator/blessing/8"} <= kept


def test_stopped_work_stays_while_the_latest_run_would_go_on_with_it(root, capsys):
    with pytest.raises(UserError, match="Trainer failed: stopped"):
        run(root, 5, stopped=True)
    (scratch,) = root.glob("Trainer/.working/scratch-*")
    clean.main(["--pipeline-root", str(root), "--yes"])
    assert (scratch / "checkpoint").read_text() == "half way"
    run(root, 2)
    clean.main(["--pipeline-root", str(root), "--yes"])
    assert "1 unfinished" in capsys.readouterr().out
    assert not scratch.exists()


def test_nothing_is_cleaned_while_a_pipeline_runs(root):
    class Cleaning(Trainer):
        def run(self, workplace):
            with pytest.raises(UserError, match="another pipeline is running"):
                clean.main(["--pipeline-root", str(root), "--yes"])
            super().run(workplace)

    before = len(artifacts(root))
    Orchestrator(root).run([Cleaning(seed=9, stopped=False)])
    assert len(artifacts(root)) == before + 2


def test_status_marks_blessings_versions_and_what_was_removed_by_hand(root):
    (root / "Trainer" / "model" / "4" / "artifact.json").unlink()
    marks = {artifact["name"]: (artifact["type"], artifact["mark"]) for artifact in status(root)["artifacts"]}
    assert marks["Evaluator/blessing/2"] == ("ModelBlessing", "BLESSED")
    assert marks["Evaluator/blessing/5"] == ("ModelBlessing", "NOT_BLESSED")
    assert marks["Pusher/pushed_model/3"] == ("PushedModel", "version 1")
    assert marks["Pusher/pushed_model/6"] == ("PushedModel", "not pushed")
    assert marks["Trainer/model/4"] == ("removed or damaged", None)
    assert "Trainer/model/4" in names(root)
    with pytest.raises(UserError, match="is no pipeline root"):
        status(root / "Trainer")
