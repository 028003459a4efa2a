"""Components over a root: order, reuse, failures, and a process that is killed."""

import contextlib
import json
import logging
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.components.component import Component
from pipeline.components.last_blessed import LastBlessed
from pipeline.orchestration.artifact import MANIFEST, Artifact, directory_digest
from pipeline.orchestration.orchestrator import Orchestrator
from pipeline.orchestration.store import MetadataStore
from tfgan_thyroid.errors import UserError

RAN = []


@dataclass(frozen=True)
class Words(Component):
    outputs = {"text": "Text"}
    words: str

    def run(self, workplace):
        RAN.append(self.name)
        (workplace.outputs["text"] / "words.txt").write_text(self.words)


@dataclass(frozen=True)
class Count(Component):
    inputs = {"text": "Words.text"}
    outputs = {"count": "Number", "log": "Log"}

    def run(self, workplace):
        RAN.append(self.name)
        count = len((workplace.inputs["text"] / "words.txt").read_text().split())
        if count == 0:
            raise UserError("words.txt holds no word")
        (workplace.outputs["count"] / "count.json").write_text(json.dumps(count))
        (workplace.outputs["log"] / "log.txt").write_text(f"{count} words")
        workplace.log.info("counted %d", count)
        workplace.log.info("wrote %s", workplace.outputs["log"] / "log.txt")

    def stop_reason(self, outputs):
        count = json.loads((outputs["count"] / "count.json").read_text())
        return "too many words" if count > 3 else None


@dataclass(frozen=True)
class Last(Component):
    inputs = {"count": "Count.count"}
    outputs = {"copy": "Number"}

    def run(self, workplace):
        RAN.append(self.name)
        (workplace.outputs["copy"] / "copy").write_text((workplace.inputs["count"] / "count.json").read_text())


def run(root, words="one two", **options):
    RAN.clear()
    return Orchestrator(root, **options).run([Words(words=words), Count(), Last()])


def test_artifacts_lie_where_tfx_puts_them_and_say_what_they_are(tmp_path, caplog):
    caplog.set_level(logging.INFO, "tfgan_thyroid")
    result = run(tmp_path)
    assert RAN == ["Words", "Count", "Last"]
    assert (tmp_path / "Count" / "count" / "2" / "count.json").read_text() == "2"
    artifact = Artifact.read(tmp_path / "Last" / "copy" / "3")
    assert artifact.name == result.artifacts["Last.copy"]
    assert (artifact.type, artifact.parents) == ("Number", ("Count/count/2",))
    assert artifact.started <= artifact.ended
    assert artifact.digest == directory_digest(tmp_path / "Last" / "copy" / "3")
    told = (tmp_path / "logs" / "Count-2.txt").read_text()
    assert "counted 2" in told
    assert Path(told.split("wrote ")[1].split()[0]).read_text() == "2 words"  # where it lies now
    assert json.loads((tmp_path / "Last" / "copy" / "3" / MANIFEST).read_text())["producer"] == "Last"
    assert not list(tmp_path.rglob(".working"))


def test_nothing_changed_nothing_runs(tmp_path):
    first = run(tmp_path)
    second = run(tmp_path)
    assert RAN == []
    assert second.artifacts == first.artifacts
    with contextlib.closing(sqlite3.connect(tmp_path / "metadata.sqlite")) as database:
        states = database.execute("SELECT component, state FROM executions WHERE run = 2").fetchall()
    assert states == [("Words", "cached"), ("Count", "cached"), ("Last", "cached")]


def test_a_change_runs_what_depends_on_it_and_no_more(tmp_path):
    run(tmp_path)
    run(tmp_path, words="uno due")
    assert RAN == ["Words", "Count"]  # the count is the same, so that Last has nothing new to read


def test_from_a_component_on_and_everything_on_request(tmp_path):
    run(tmp_path)
    run(tmp_path, start_from="Count")
    assert RAN == ["Count", "Last"]
    run(tmp_path, no_cache=True)
    assert RAN == ["Words", "Count", "Last"]
    with pytest.raises(UserError, match="no component 'Cuont'.*Words, Count, Last"):
        run(tmp_path, start_from="Cuont")


def test_an_artifact_that_was_changed_by_hand_is_made_again(tmp_path):
    run(tmp_path)
    (tmp_path / "Count" / "count" / "2" / "count.json").write_text("7")
    run(tmp_path)
    assert RAN == ["Count"]


def test_a_failure_names_component_cause_and_the_way_on(tmp_path):
    with pytest.raises(UserError, match=r"Count failed: words.txt holds no word.*goes on from there"):
        run(tmp_path, words="")
    assert [path.name for path in (tmp_path / "Count").iterdir()] == [".working"]
    store = MetadataStore(tmp_path)
    assert [execution.state for execution in store.executions()] == ["complete", "failed"]
    assert store.runs()[0].state == "failed"
    store.close()
    run(tmp_path, words="better now")
    assert RAN == ["Words", "Count", "Last"]


@pytest.mark.parametrize(
    ("error", "raised", "message"),
    [
        (OSError(5, "Input/output error", "/disk"), UserError, "Input/output error: /disk"),
        (KeyboardInterrupt(), KeyboardInterrupt, "KeyboardInterrupt"),
        (ZeroDivisionError("by zero"), ZeroDivisionError, "ZeroDivisionError: by zero"),
    ],
)
def test_however_a_component_ends_the_store_and_its_log_say_so(tmp_path, error, raised, message):
    class Broken(Words):
        def run(self, workplace):
            raise error

    with pytest.raises(raised) as caught:
        Orchestrator(tmp_path).run([Broken(words="a")])
    store = MetadataStore(tmp_path)
    (execution,) = store.executions()
    assert (execution.state, execution.message) == ("failed", message)
    assert execution.seconds is not None
    assert store.runs()[0].state == "failed"
    store.close()
    log = (tmp_path / "logs" / "Broken-1.txt").read_text()
    if raised is UserError:
        assert f"Broken failed: {message} (log: " in str(caught.value)
        assert message in log
    else:
        assert f"{type(error).__name__}" in log and "Traceback" in log


def test_an_artifact_that_was_removed_or_whose_manifest_is_damaged_is_made_again(tmp_path):
    run(tmp_path)
    shutil.rmtree(tmp_path / "Words" / "text" / "1")
    (tmp_path / "Count" / "log" / "2" / MANIFEST).write_text("{")
    run(tmp_path)
    assert RAN == ["Words", "Count"]
    run(tmp_path)
    assert RAN == []


def test_a_plan_says_what_would_run_and_writes_nothing(tmp_path):
    def plan(words="one two", **options):
        return Orchestrator(tmp_path / "root", **options).plan([Words(words=words), Count(), Last()])

    assert [step.taken_from for step in plan()] == [None, None, None]
    assert not (tmp_path / "root").exists()
    run(tmp_path / "root")
    assert [(step.name, step.taken_from) for step in plan()] == [("Words", 1), ("Count", 2), ("Last", 3)]
    assert [step.taken_from for step in plan(start_from="Count")] == [1, None, None]
    assert [step.taken_from for step in plan(words="other")] == [None, None, None]
    assert all(step.seconds is not None for step in plan(no_cache=True))
    with pytest.raises(UserError, match="no component 'Cuont'"):
        plan(start_from="Cuont")
    store = MetadataStore(tmp_path / "root")
    assert len(store.runs()) == 1
    store.close()


def test_code_that_changed_makes_old_work_stale(tmp_path, monkeypatch):
    run(tmp_path)
    monkeypatch.setattr(Count, "version", "another")
    run(tmp_path)
    assert RAN == ["Count"]
    assert Artifact.read(tmp_path / "Count" / "count" / "5").code_version == "another"


def test_outputs_may_forbid_to_go_on(tmp_path):
    result = run(tmp_path, words="one two three four")
    assert result.stopped_by == ("Count", "too many words")
    assert RAN == ["Words", "Count"]


def test_a_component_without_its_input_is_named(tmp_path):
    with pytest.raises(UserError, match=r"Last needs Count\.count"):
        Orchestrator(tmp_path).run([Last()])


def test_a_second_pipeline_in_the_same_root_waits_outside(tmp_path):
    class Nested(Words):
        def run(self, workplace):
            with pytest.raises(UserError, match="another pipeline is running"):
                Orchestrator(tmp_path).run([Words(words="x")])
            super().run(workplace)

    Orchestrator(tmp_path).run([Nested(words="a")])
    assert (tmp_path / "Nested" / "text" / "1").is_dir()


KILLED = textwrap.dedent("""
    import os, signal, sys
    from pathlib import Path
    from pipeline.components.component import Component
    from pipeline.orchestration.orchestrator import Orchestrator

    class Slow(Component):
        outputs = {"a": "Text", "b": "Text"}

        def run(self, workplace):
            (workplace.scratch / "steps").open("a").write("x")
            (workplace.outputs["a"] / "half").write_text("half")
            if sys.argv[2] == "in":
                os.kill(os.getpid(), signal.SIGKILL)
            (workplace.outputs["b"] / "steps").write_text((workplace.scratch / "steps").read_text())

    if sys.argv[2] == "between":
        rename, calls = Path.rename, []
        def dying(self, target):
            rename(self, target)
            os.kill(os.getpid(), signal.SIGKILL)
        Path.rename = dying
    Orchestrator(Path(sys.argv[1])).run([Slow()])
""")


@pytest.mark.parametrize("where", ["in", "between"])
def test_a_killed_pipeline_shows_nothing_half_made_and_goes_on_from_its_scratch(tmp_path, where):
    def start(moment):
        words = [sys.executable, "-c", KILLED, str(tmp_path), moment]
        return subprocess.run(words, capture_output=True, text=True, check=False)

    assert start(where).returncode == -signal.SIGKILL
    result = start("never")
    assert result.returncode == 0, result.stderr
    # Scratch outlived the kill, so that the second try went on.
    assert (tmp_path / "Slow" / "b" / "2" / "steps").read_text() == "xx"
    manifests = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob(MANIFEST))
    assert manifests == ["Slow/a/2/artifact.json", "Slow/b/2/artifact.json"]
    store = MetadataStore(tmp_path)
    assert [execution.state for execution in store.executions()] == ["failed", "complete"]
    store.close()


@dataclass(frozen=True)
class Model(Component):
    outputs = {"model": "Model"}
    weights: str

    def run(self, workplace):
        (workplace.outputs["model"] / "weights").write_text(self.weights)


@dataclass(frozen=True)
class Judge(Component):
    inputs = {"model": "Model.model", "baseline": LastBlessed(new="model", blessing="blessing")}
    outputs = {"blessing": "ModelBlessing"}
    good: bool

    def run(self, workplace):
        paths = [workplace.inputs[name] / "weights" for name in ("model", "baseline") if name in workplace.inputs]
        SEEN.append([path.read_text() for path in paths])
        (workplace.outputs["blessing"] / ("BLESSED" if self.good else "NOT_BLESSED")).touch()

    def properties(self, outputs):
        return {"blessing": {"blessed": int(self.good)}}


SEEN = []


@pytest.mark.parametrize("older", [False, True])
def test_the_baseline_is_the_last_blessed_model_other_than_the_new_one(tmp_path, older):
    SEEN.clear()
    for weights, good in (("first", True), ("second", True), ("third", False), ("second", True)):
        Orchestrator(tmp_path, no_cache=True).run([Model(weights), Judge(good)])
        if older:  # manifests of before there were properties
            for path in tmp_path.glob("*/*/*/artifact.json"):
                fields = json.loads(path.read_text())
                fields.pop("properties", None)
                path.write_text(json.dumps(fields))
    assert SEEN == [["first"], ["second", "first"], ["third", "second"], ["second", "first"]]


def test_a_manifest_says_what_its_component_says_of_it(tmp_path):
    Orchestrator(tmp_path).run([Model("some"), Judge(False)])
    assert json.loads((tmp_path / "Judge" / "blessing" / "2" / MANIFEST).read_text())["properties"] == {"blessed": 0}
    assert Artifact.read(tmp_path / "Model" / "model" / "1").properties == {}
