"""Two worker processes on this machine: what they leave, what one process would have, a killed worker, resuming."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.run_directory import RunDirectory, read_lines
from tfgan_thyroid.training.fit import fit
from tfgan_thyroid.training.new_run import new_record, resumed_record

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]

CHECKPOINT_EVERY = 3
OVERRIDES = {
    "model": "wgan-gp",
    "width": 4,
    "latent_size": 8,
    "batch_size": 4,
    "ema_decay": 0.9,
    "standing_statistics": True,
    "data_augmentation": "conventional",
    "adam_epsilon": 1e-2,  # so that rounding is not blown up to a whole step
    "log_every": 1,
    "checkpoint_every": CHECKPOINT_EVERY,
    "metric_samples": 0,
}
ENDLESS = 100_000
# A loaded machine: importing TensorFlow twice and tracing may take a minute; a peer's death is noticed within 15 s.
PATIENCE = 240.0


def free_addresses(count):
    """Addresses whose ports were free a moment ago; all were held together, so that they differ."""
    servers = [socket.create_server(("", 0)) for _ in range(count)]
    addresses = [f"localhost:{server.getsockname()[1]}" for server in servers]
    for server in servers:
        server.close()
    return addresses


class Workers:
    """Two processes of the command, with `each` its own flags too, ended with the block whatever happens."""

    def __init__(self, folder, *arguments, each=((), ())):
        addresses = free_addresses(2)
        self.logs = [folder / f"worker{index}.log" for index in range(2)]
        self.processes = []
        for index, log in enumerate(self.logs):
            task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
            words = [sys.executable, "-m", "tfgan_thyroid.train", "--strategy", "multiworker"]
            words += map(str, (*arguments, *each[index]))
            environment = {**os.environ, "TF_CONFIG": json.dumps(task)}
            with log.open("w") as file:
                self.processes.append(subprocess.Popen(words, stdout=file, stderr=file, cwd=folder, env=environment))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for process in self.processes:
            process.kill()
            process.wait()

    def codes(self):
        """The exit codes of both, once they have ended."""
        return [process.wait(timeout=PATIENCE) for process in self.processes]

    def until(self, condition):
        """Waits for a condition while both are at work."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, "too slow"
            assert [process.poll() for process in self.processes] == [None, None], self.logs[0].read_text()
            time.sleep(0.05)


def flags(dataset, outdir, iterations):
    settings = [word for name, value in OVERRIDES.items() for word in ("--set", f"{name}={value}")]
    return ["--data", dataset, "--outdir", outdir, "--iterations", iterations, *settings]


def only_run(outdir):
    (path,) = outdir.iterdir()
    return RunDirectory.open(path)


def state(run):
    reader = tf.train.load_checkpoint(str(checkpoints.find(run, "latest") / "state"))
    names = [name for name in reader.get_variable_to_shape_map() if "OBJECT_GRAPH" not in name]
    return {name: reader.get_tensor(name) for name in names}


def losses(run):
    lines = read_lines(run.stats_file)
    return [{name: value for name, value in line.items() if name != "images_per_second"} for line in lines]


@pytest.fixture(scope="module")
def data(make_dataset, tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data") / "dataset", image_size=8)


@pytest.fixture(scope="module")
def killed(data, tmp_path_factory):
    """A training whose second worker is killed after a few checkpoints: its run, and how the chief ended."""
    folder = tmp_path_factory.mktemp("killed")
    with Workers(folder, *flags(data, folder / "runs", ENDLESS)) as workers:
        workers.until(lambda: len(list(folder.glob("runs/*/checkpoints/[0-9]*"))) == 2)
        workers.processes[1].send_signal(signal.SIGKILL)
        killed_at = time.monotonic()
        code = workers.processes[0].wait(timeout=PATIENCE)
        return {
            "run": only_run(folder / "runs"),
            "code": code,
            "seconds": time.monotonic() - killed_at,
            "log": workers.logs[0].read_text(),
        }


@pytest.fixture(scope="module")
def goal(killed):
    """Two iterations after the last checkpoint of the killed run."""
    return int(checkpoints.find(killed["run"], "latest").name) + 2


@pytest.fixture(scope="module")
def whole(data, goal, tmp_path_factory):
    """The same training by two workers, not killed; and the files that the second one left where it ran."""
    folder = tmp_path_factory.mktemp("whole")
    with Workers(folder, *flags(data, folder / "runs", goal)) as workers:
        assert workers.codes() == [0, 0], workers.logs[0].read_text() + workers.logs[1].read_text()
        return only_run(folder / "runs"), [log.read_text() for log in workers.logs]


@pytest.fixture(scope="module")
def alone(data, goal, tmp_path_factory):
    """The same training in one process."""
    record = new_record(data, "train", "paper", {**OVERRIDES, "iterations": goal})
    run = RunDirectory.create(tmp_path_factory.mktemp("alone"), record)
    fit(run)
    return run


def test_losses_of_two_workers_are_those_of_one_process(whole, alone):
    expected, lines = losses(alone), losses(whole[0])
    assert len(lines) == len(expected)
    for line, other in list(zip(lines, expected, strict=True))[:8]:
        assert line == pytest.approx(other, rel=1e-3, abs=1e-3)
    assert lines[0] == pytest.approx(expected[0], rel=1e-5, abs=1e-5)


def test_the_chief_alone_writes_one_whole_run(whole, alone):
    run, logs = whole
    names, expected = ({path.name for path in directory.path.iterdir()} for directory in (run, alone))
    assert names == expected | {"log.txt", "verdict.json", "report.html"}  # what the command adds to a training
    assert "run directory" in logs[0] and "run directory" not in logs[1]
    assert "took part until iteration" in logs[1].splitlines()[-1]


def test_a_checkpoint_of_two_workers_has_the_values_of_one_process(whole, alone):
    values, expected = state(whole[0]), state(alone)
    assert set(values) == set(expected)
    for name in expected:
        assert np.shape(values[name]) == np.shape(expected[name]), name


def test_a_killed_worker_ends_the_other_in_one_clear_line_and_soon(killed):
    assert killed["code"] == 1
    last = killed["log"].splitlines()[-1]
    assert last.startswith("error: another worker has stopped") and "--resume latest" in last
    assert "Traceback" not in killed["log"]
    assert killed["seconds"] < 60


def test_a_killed_training_goes_on_to_the_bits_of_one_that_was_not(killed, whole, goal):
    run = killed["run"]
    folder = run.path.parents[1]
    with Workers(folder, "--resume", "latest", "--outdir", folder / "runs", "--iterations", goal) as workers:
        assert workers.codes() == [0, 0], workers.logs[0].read_text() + workers.logs[1].read_text()
    values, expected = state(run), state(whole[0])
    assert set(values) == set(expected)
    for name in expected:
        np.testing.assert_array_equal(values[name], expected[name], err_msg=name)
    assert losses(run) == losses(whole[0])


def test_one_process_goes_on_with_what_two_workers_began(whole, goal, tmp_path):
    run = RunDirectory.open(shutil.copytree(whole[0].path, tmp_path / "run"))
    run.write(resumed_record(run.read(), None, None, None, {"iterations": goal + 2}))
    assert int(fit(run).iteration) == goal + 2
    assert [line["iteration"] for line in losses(run)] == list(range(1, goal + 3))


def test_mirrored_replicas_have_the_losses_of_one_process(data, alone, tmp_path):
    words = [sys.executable, "-m", "tfgan_thyroid.train", "--strategy", "mirrored", "--replicas", "2"]
    words += map(str, flags(data, tmp_path / "runs", 4))
    result = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE)
    assert result.returncode == 0, result.stderr
    lines = losses(only_run(tmp_path / "runs"))
    assert len(lines) == 4
    for line, expected in zip(lines, losses(alone)[:4], strict=True):
        assert line == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_workers_that_would_not_train_the_same_say_so(data, tmp_path):
    seeds = ["--seed", "0"], ["--seed", "1"]
    with Workers(tmp_path, *flags(data, tmp_path / "runs", ENDLESS), each=seeds) as workers:
        assert workers.codes() == [1, 1]
        for log in workers.logs:
            assert "error: the workers do not train the same" in log.read_text().splitlines()[-1]
