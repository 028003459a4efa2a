"""The process that trains many small models. It starts TensorFlow once, so the tests share one."""

import os
import signal

import pytest

from tfgan_thyroid.data.records.labelled_subsets import nested_subset
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.experiments.worker import Worker


@pytest.fixture(scope="module")
def worker():
    with Worker() as worker:
        yield worker


def test_work_is_done_in_another_process_and_in_the_same_one_again(worker):
    other = worker.call(os.getpid)
    assert other != os.getpid()
    assert worker.call(os.getpid) == other


def test_what_the_work_raises_is_raised_here_and_the_process_goes_on(worker):
    other = worker.call(os.getpid)
    with pytest.raises(UserError, match="3 labelled scans were asked for"):
        worker.call(nested_subset, [], 3, 0)
    assert worker.call(os.getpid) == other


def test_a_killed_process_is_told_and_not_waited_for(worker):
    with pytest.raises(UserError, match=r"was killed.*goes on from there"):
        worker.call(os.kill, worker.call(os.getpid), signal.SIGKILL)


def test_leaving_the_context_ends_the_process():
    with Worker() as worker:
        other = worker.call(os.getpid)
    with pytest.raises(ProcessLookupError):
        os.kill(other, 0)
