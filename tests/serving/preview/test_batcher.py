"""Requests that wait for each other run together, and each gets what is its own."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tfgan_thyroid.serving.preview.api_errors import ApiError
from tfgan_thyroid.serving.preview.batcher import AT_A_TIME, Batcher


class Doubling:
    """Stands for a version: doubles, refuses negative numbers, and lets nobody through while its gate is shut."""

    def __init__(self):
        self.gate = threading.Event()
        self.gate.set()
        self.sizes = []

    def run(self, signature, inputs):
        self.sizes.append(len(inputs["x"]) if inputs["x"].ndim else None)
        assert self.gate.wait(60)
        if np.any(inputs["x"] < 0):
            raise ApiError("negative")
        return {"y": 2 * inputs["x"]}


@pytest.fixture
def at_once(until):
    """Sends requests while all slots are taken, so that they wait together; gives their futures in order."""

    def send(batcher, version, requests):
        version.gate.clear()
        with ThreadPoolExecutor(AT_A_TIME + len(requests)) as pool:
            for number in range(AT_A_TIME):
                pool.submit(batcher.run, version, "busy", {"x": np.array([0.0])})
                until(lambda number=number: len(version.sizes) == number + 1)
            futures = []
            for signature, x in requests:
                futures.append(pool.submit(batcher.run, version, signature, {"x": x}))
                until(lambda: len(batcher._waiting) == len(futures))
            version.sizes.clear()
            version.gate.set()
        return futures

    return send


def test_requests_that_wait_together_run_together(at_once):
    version = Doubling()
    futures = at_once(Batcher(32), version, [("double", np.arange(n) + 10.0 * n) for n in (1, 2, 3)])
    assert [future.result()["y"].tolist() for future in futures] == [[20.0], [40.0, 42.0], [60.0, 62.0, 64.0]]
    assert version.sizes == [6]


def test_a_batch_is_no_larger_than_allowed(at_once):
    version = Doubling()
    at_once(Batcher(4), version, [("double", np.zeros(n)) for n in (3, 2, 1, 9)])
    assert sorted(version.sizes) == [2, 4, 9]  # 3 + 1, 2, and one that is too large for company


def test_other_signatures_and_shapes_do_not_mix(at_once):
    version = Doubling()
    requests = [("double", np.zeros(2)), ("other", np.zeros(2)), ("double", np.zeros([2, 5])), ("double", np.ones(2))]
    futures = at_once(Batcher(32), version, requests)
    assert sorted(version.sizes) == [2, 2, 4]
    assert futures[2].result()["y"].shape == (2, 5)
    assert futures[3].result()["y"].tolist() == [2.0, 2.0]


def test_a_request_that_the_graph_refuses_disturbs_no_other(at_once):
    version = Doubling()
    futures = at_once(Batcher(32), version, [("double", np.array([x])) for x in (1.0, -1.0, 3.0)])
    assert futures[0].result()["y"].tolist() == [2.0]
    assert futures[2].result()["y"].tolist() == [6.0]
    with pytest.raises(ApiError, match="negative"):
        futures[1].result()


def test_inputs_without_rows_run_alone():
    version = Doubling()
    assert Batcher(32).run(version, "double", {"x": np.array(4.0)})["y"] == 8.0


def test_many_threads_each_get_their_own():
    version = Doubling()
    batcher = Batcher(8)

    def ask(number):
        return all(
            batcher.run(version, "double", {"x": np.array([1000.0 * number + i])})["y"][0] == 2000 * number + 2 * i
            for i in range(200)
        )

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(16)))
    assert sum(version.sizes) == 16 * 200
