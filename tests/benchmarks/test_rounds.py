"""Turns of the two sides, and what counts when others use the machine."""

import io

import pytest

from benchmarks import rounds
from benchmarks.rounds import run_rounds
from tfgan_thyroid.errors import UserError


class FakeMachine:
    """A clock of busy core seconds, and two workers that use one core for a second each turn.

    Args:
        foreign: cores that others keep busy, by round; the last goes on.
    """

    def __init__(self, foreign):
        self.foreign, self.busy, self.turns = list(foreign), 0.0, []
        self.finite = True

    def workers(self):
        return {name: FakeProcess(self, name) for name in ("ours", "peer")}


class FakeProcess:
    def __init__(self, machine, name):
        self.machine, self.name = machine, name

    def ask(self, command):
        machine = self.machine
        machine.turns.append(self.name)
        index = (len(machine.turns) - 1) // 2
        machine.busy += 1.0 + machine.foreign[min(index, len(machine.foreign) - 1)]
        seconds = 1.0 + index / 100
        return {"seconds": seconds, "cpu_seconds": 1.0, "finite": machine.finite}


def _run(machine, monkeypatch, count):
    monkeypatch.setattr(rounds, "busy_core_seconds", lambda: machine.busy)
    return run_rounds(machine.workers(), count, iterations=1, label="test", progress=io.StringIO())


def test_sides_take_turns_in_alternating_order(monkeypatch):
    machine = FakeMachine(foreign=[0.0])
    assert len(_run(machine, monkeypatch, 3)) == 3
    assert machine.turns == ["ours", "peer", "peer", "ours", "ours", "peer"]


def test_disturbed_rounds_are_repeated_and_do_not_count(monkeypatch):
    done = _run(FakeMachine(foreign=[0.0, 1.5, 0.0, 0.9, 0.0]), monkeypatch, 3)
    assert sorted(r.seconds["ours"] for r in done) == pytest.approx([1.00, 1.02, 1.04])
    assert max(r.foreign_cores for r in done) < 0.1


def test_on_a_busy_machine_the_least_disturbed_rounds_count(monkeypatch):
    machine = FakeMachine(foreign=[2.0, 0.5, 1.0, 0.7])
    done = _run(machine, monkeypatch, 2)
    assert len(machine.turns) == 8
    assert [r.seconds["ours"] for r in done] == pytest.approx([1.01, 1.03])


def test_losses_that_are_not_finite_are_refused(monkeypatch):
    machine = FakeMachine(foreign=[0.0])
    machine.finite = False
    with pytest.raises(UserError, match="'ours' are not finite"):
        _run(machine, monkeypatch, 1)
