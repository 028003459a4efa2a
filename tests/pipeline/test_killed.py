"""The job killed without warning: what was there stays whole, and a restart succeeds and cleans up."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from pipeline.validation.validate_dataset import Thresholds, validate_dataset

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]

_KILLS = 4


def start(folder, output, *flags):
    words = ["--input", folder, "--output", output, "--image-size", 16, "--overwrite", *flags]
    command = [sys.executable, "-m", "pipeline.preprocess", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def test_a_killed_job_leaves_the_old_data_set_or_the_new_one_and_a_restart_cleans_up(
    tmp_path, write_scans, patients, preprocess, tree
):
    folder = write_scans(tmp_path / "scans", patients(40, 5))
    output = tmp_path / "sets" / "set"
    assert preprocess(folder, output, "--seed", 1) == 0
    old = tree(output)
    begun = time.monotonic()
    assert start(folder, tmp_path / "sets" / "new", "--seed", 2).wait() == 0
    whole_run = time.monotonic() - begun
    new = tree(tmp_path / "sets" / "new")
    rng = np.random.default_rng(0)
    # Spread over the run, in which the end, when the directories are exchanged, is the delicate part.
    for moment in np.concatenate([rng.uniform(0.2, 0.9, _KILLS // 2), rng.uniform(0.9, 1.1, _KILLS // 2)]):
        process = start(folder, output, "--seed", 2)
        time.sleep(moment * whole_run)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert tree(output) in (old, new)
        assert validate_dataset(output, thresholds=Thresholds(few_records=1)) == []
    assert preprocess(folder, output, "--seed", 2, "--overwrite") == 0
    assert tree(output) == new
    assert sorted(os.listdir(tmp_path / "sets")) == ["new", "set"]


def test_the_workers_of_a_killed_job_end_by_themselves(tmp_path, write_scans, patients):
    folder = write_scans(tmp_path / "scans", patients(100, 10))
    process = start(folder, tmp_path / "set", "--direct_running_mode=multi_processing", "--direct_num_workers=2")
    deadline = time.monotonic() + 120
    while not any(path.stat().st_size for path in tmp_path.glob(".set.*/spill/*.progress")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    assert len(workers) >= 2
    assert psutil.wait_procs(workers, timeout=60)[1] == []
    assert not (tmp_path / "set").exists()
