"""The benchmark of a long training as a command, for a few iterations."""

import json

import pytest

from benchmarks import long_run


def test_memory_is_read_after_each_tenth_and_its_growth_told_for_an_iteration(capsys):
    assert long_run.main(["--iterations", "30", "--width", "2", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    resident = {int(iteration): size for iteration, size in document["resident_bytes"].items()}
    assert list(resident) == list(range(3, 31, 3))
    assert document["bytes_per_iteration"] == pytest.approx((resident[30] - resident[6]) / 24)


def test_too_few_iterations_are_refused(capsys):
    with pytest.raises(SystemExit):
        long_run.main(["--iterations", "29"])
    assert "--iterations must be at least 30" in capsys.readouterr().err
