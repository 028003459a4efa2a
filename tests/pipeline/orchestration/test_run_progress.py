"""How far a plan is, and how long it will take."""

import logging
import time

from pipeline.orchestration import run_progress
from pipeline.orchestration.run_progress import PlanProgress, Step, duration

STEPS = [
    Step("ExampleGen", 1, 30.0),
    Step("Trainer", None, 600.0),
    Step("Evaluator", None, None),
    Step("Pusher", None, 2.0),
]


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_the_time_to_go_counts_what_will_run_as_long_as_the_last_time(caplog):
    caplog.set_level(logging.INFO)
    clock = Clock()
    progress = PlanProgress(STEPS, logging.getLogger("plan"), clock)
    progress.tell_plan()
    progress.tell_reused(0, 1)
    clock.now += 3
    with progress.working(1):
        clock.now += 660
    with progress.working(2):
        clock.now += 40
    with progress.working(3):
        clock.now += 1
    assert caplog.messages == [
        "3 of 4 components to run; to go: about 0:10:02 and Evaluator for the first time",
        "1 of 4  ExampleGen: nothing changed, taken from execution 1",
        "2 of 4  Trainer: begins; 0:00:03 so far, to go: about 0:10:02 and Evaluator for the first time",
        "2 of 4  Trainer: done in 0:11:00",
        "3 of 4  Evaluator: begins; 0:11:03 so far, to go: about 0:00:02 and Evaluator for the first time",
        "3 of 4  Evaluator: done in 0:00:40",
        "4 of 4  Pusher: begins; 0:11:43 so far, to go: about 0:00:02",
        "4 of 4  Pusher: done in 0:00:01",
    ]


def test_a_component_at_work_is_heard_of_and_the_time_to_go_shrinks(caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(run_progress, "TICK", 0.01)
    clock = Clock()
    progress = PlanProgress(STEPS[1:2], logging.getLogger("plan"), clock)
    deadline = time.monotonic() + 60
    with progress.working(0):
        clock.now += 200  # ticks before this, on a busy machine, tell of 0:00:00
        while "0:03:20 so far" not in caplog.text and time.monotonic() < deadline:
            time.sleep(0.001)
    assert "1 of 1  Trainer: at work; 0:03:20 so far, to go: about 0:06:40" in caplog.messages


def test_a_first_run_says_that_its_time_is_not_known(caplog):
    caplog.set_level(logging.INFO)
    PlanProgress(
        [step._replace(taken_from=None, seconds=None) for step in STEPS], logging.getLogger("plan")
    ).tell_plan()
    assert caplog.messages == ["4 of 4 components to run; to go: 4 components for the first time"]


def test_a_step_says_what_will_become_of_it():
    assert [str(step) for step in STEPS[:3]] == [
        "nothing changed: taken from execution 1",
        "will run (took 0:10:00 last time)",
        "will run",
    ]
    assert duration(3661.4) == "1:01:01"
