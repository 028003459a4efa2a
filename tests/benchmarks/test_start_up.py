"""The benchmark of start-up as a command, at a size where timings mean nothing."""

import json

import pytest

from benchmarks import start_up
from tfgan_thyroid.errors import UserError

SMALL = ["--image-size", "16", "--width", "2", "--batch-size", "2", "--rounds", "1"]


def test_a_training_is_timed_to_its_first_iteration_and_each_help_to_its_end(monkeypatch, capsys):
    monkeypatch.setattr(start_up, "MODULES", ["tfgan_thyroid.train", "pipeline.validate"])
    assert start_up.main([*SMALL, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    helps = [seconds for (seconds,) in document["help_seconds"].values()]
    assert document["slowest_help_seconds"] == max(helps)
    # Importing TensorFlow and tracing come on top of what a help does.
    assert document["first_iteration_seconds"][0] > max(helps) > 0


def test_a_training_that_ends_before_its_first_iteration_is_an_error(monkeypatch):
    monkeypatch.setattr(start_up, "MODULES", ["pipeline.validate"])
    with pytest.raises(UserError, match="ended after iteration 0: error: out of memory: .*--width"):
        start_up.main([*SMALL, "--width", "1000000000000"])
