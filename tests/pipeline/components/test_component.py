"""What holds for every component: it is its arguments, and knows no orchestrator."""

import inspect
import json
from importlib import import_module
from pathlib import Path

import pytest

from pipeline.components.component import Component
from pipeline.components.evaluator import Evaluator
from pipeline.components.example_gen import ExampleGen
from pipeline.components.example_validator import ExampleValidator
from pipeline.components.infra_validator import InfraValidator
from pipeline.components.last_blessed import LastBlessed
from pipeline.components.pusher import Pusher
from pipeline.components.schema_gen import SchemaGen
from pipeline.components.statistics_gen import StatisticsGen
from pipeline.components.thresholds import DEFAULT
from pipeline.components.trainer import Trainer

FOLDER = Path(inspect.getfile(Component)).parent


@pytest.fixture
def components(tmp_path, write_scans):
    scans = write_scans(tmp_path / "scans", ["a_1.png", "b_1.png"])
    flags = ["--image-size", "16", "--direct_num_workers=2"]
    return [
        ExampleGen(str(tmp_path / "root"), str(scans), None, flags),
        StatisticsGen(),
        SchemaGen("feature {}"),
        ExampleValidator({"train": 20}),
        Trainer("cpu", {"iterations": 3}, "mirrored", 2),
        Evaluator(DEFAULT, 10, 2, "eval"),
        InfraValidator(),
        Pusher(str(tmp_path / "saved"), 3),
    ]


def test_a_component_is_rebuilt_from_json(components):
    for component in components:
        again = Component.from_json(component.to_json())
        assert again == component
        assert again.fingerprint({"examples": "a"}) == component.fingerprint({"examples": "a"})


def test_arguments_that_decide_nothing_are_no_parameters(components, tmp_path):
    parameters = {component.name: component.parameters for component in components}
    assert parameters["Trainer"] == {"preset": "cpu", "overrides": {"iterations": 3}}
    assert parameters["Pusher"] == {"serving_name": "saved", "keep": 3}
    assert str(tmp_path) not in json.dumps(parameters)
    assert Trainer("cpu", {}).fingerprint({}) == Trainer("cpu", {}, "mirrored", 2).fingerprint({})
    assert Trainer("cpu", {}).fingerprint({}) != Trainer("cpu", {"seed": 1}).fingerprint({})


def test_every_component_is_tested_here(components):
    modules = [import_module(f"pipeline.components.{path.stem}") for path in FOLDER.glob("[a-z]*.py")]
    found = {value for module in modules for value in vars(module).values() if inspect.isclass(value)}
    assert {kind for kind in found if issubclass(kind, Component)} - {Component} == {type(c) for c in components}


def test_the_last_blessed_model_is_the_newest_that_is_another_one():
    choose = LastBlessed.choose
    assert choose("new", []) is None
    assert choose("new", [("new", 3)]) is None
    assert choose("new", [("second", 2), ("first", 1)]) == 2
    assert choose("new", [("new", 3), ("second", 2), ("first", 1)]) == 2
