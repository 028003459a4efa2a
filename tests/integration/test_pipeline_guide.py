"""docs/pipeline.md says what is so."""

import contextlib
import re
import sqlite3
from pathlib import Path

import pytest

from pipeline import run
from pipeline.components.component import Component
from pipeline.components.thresholds import DEFAULT, read_thresholds
from pipeline.orchestration.orchestrator import Orchestrator
from tfgan_thyroid.errors import UserError

GUIDE = (Path(__file__).parents[2] / "docs" / "pipeline.md").read_text()


def test_the_thresholds_shown_are_the_default_ones(tmp_path):
    (shown,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.S)
    (tmp_path / "shown.toml").write_text(shown)
    assert read_thresholds(tmp_path / "shown.toml") == DEFAULT


def test_every_flag_of_the_guide_is_known():
    known = set(run._parser()._option_string_actions) | {"--lineage", "--picture", "--yes"}
    elsewhere = {"--crop", "--group-pattern", "--split-lists", "--direct_num_workers", "--runner", "--port"}
    elsewhere |= {"--dask_client_address", "--dask_npartitions", "--nworkers", "--nthreads"}
    assert set(re.findall(r"(?<![\w|-])--[a-z][a-z_-]*", GUIDE)) - elsewhere <= known


class ExampleGen(Component):
    outputs = {"examples": "Examples"}

    def run(self, workplace):
        (workplace.outputs["examples"] / "scans").write_text("some")


class Trainer(Component):
    inputs = {"examples": "ExampleGen.examples"}
    outputs = {"model": "Model"}

    def run(self, workplace):
        (workplace.outputs["model"] / "weights").write_text("some")


class Pusher(Component):
    inputs = {"model": "Trainer.model"}

    def run(self, workplace):
        raise UserError("the disk is full")


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    with pytest.raises(UserError):
        Orchestrator(root).run([ExampleGen(), Trainer(), Pusher()])
    with contextlib.closing(sqlite3.connect(root / "metadata.sqlite")) as connection:
        yield connection


def test_the_queries_of_the_guide_answer_what_they_say(database):
    seconds, models, below, failures = (
        database.execute(query).fetchall() for query in re.findall(r"```sql\n(.*?)```", GUIDE, re.S)
    )
    assert [(name, execution) for name, _, execution in seconds] == [("ExampleGen", 1), ("Trainer", 2)]
    assert models == [("Trainer/model/2", 1, "ExampleGen/examples/1")]
    assert [name for (name,) in below] == ["ExampleGen/examples/1", "Trainer/model/2"]
    ((run, _, message),) = failures
    assert run == 1 and "Pusher failed: the disk is full" in message


@pytest.mark.parametrize("name", re.findall(r"^\| ([A-Z]\w+) \|", GUIDE, re.M))
def test_every_component_of_the_guide_exists(name):
    folder = Path(run.__file__).parent / "components"
    assert any(f"class {name}(Component)" in path.read_text() for path in folder.glob("*.py"))
