"""Who takes part in a distributed training: what TF_CONFIG may say, and what is said of one that is wrong."""

import json
import socket
import threading

import pytest

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.training.cluster import Cluster, read_cluster, wait_for_workers

WORKERS = ["a:1", "b:2"]


def environment(cluster, kind="worker", index=0):
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})}


def free_addresses(count):
    sockets = [socket.create_server(("", 0)) for _ in range(count)]
    addresses = tuple(f"localhost:{server.getsockname()[1]}" for server in sockets)
    for server in sockets:
        server.close()
    return addresses


def test_the_first_worker_is_the_chief():
    first, second = (read_cluster(environment({"worker": WORKERS}, index=index)) for index in (0, 1))
    assert first == Cluster(("a:1", "b:2"), 0)
    assert second == Cluster(("a:1", "b:2"), 1)
    assert first.is_chief and not second.is_chief


def test_a_job_named_chief_comes_before_the_workers():
    cluster = {"worker": WORKERS, "chief": ["c:3"]}
    assert read_cluster(environment(cluster, "chief")) == Cluster(("c:3", "a:1", "b:2"), 0)
    assert read_cluster(environment(cluster, "worker", 1)) == Cluster(("c:3", "a:1", "b:2"), 2)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "needs the environment variable TF_CONFIG"),
        ({"TF_CONFIG": "{"}, "is not readable"),
        ({"TF_CONFIG": "[]"}, "is not readable"),
        ({"TF_CONFIG": '{"cluster": {"worker": ["a:1", "b:2"]}}'}, "is not readable"),
        (environment({"worker": WORKERS, "ps": ["c:3"]}), "job 'ps': only chief and worker"),
        (environment({"worker": WORKERS}, "chief"), "chief 0, and names no such task"),
        (environment({"worker": WORKERS}, index=2), "worker 2, and names no such task"),
        (environment({"worker": ["a:1"]}), "a single worker"),
        (environment({"worker": ["a:1", "b"]}), "address 'b'"),
        (environment({"worker": ["a:1", "a:1"]}), "address 'a:1'"),
    ],
)
def test_a_wrong_configuration_is_told_in_words(given, words):
    with pytest.raises(UserError, match=words):
        read_cluster(given)


def test_workers_find_each_other():
    addresses, arrived = free_addresses(3), []

    def worker(index):
        wait_for_workers(Cluster(addresses, index), seconds=30.0)
        arrived.append(index)
        with socket.create_server(("", int(addresses[index].split(":")[1]))):  # as TensorFlow's server does next
            done.wait(30.0)

    done = threading.Event()
    threads = [threading.Thread(target=worker, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    while len(arrived) < 3 and any(thread.is_alive() for thread in threads):
        done.wait(0.05)
    done.set()
    for thread in threads:
        thread.join()
    assert sorted(arrived) == [0, 1, 2]


def test_a_worker_that_does_not_come_is_named():
    addresses = free_addresses(2)
    with pytest.raises(UserError, match=f"worker 1 did not come to {addresses[1]} within 0 s"):
        wait_for_workers(Cluster(addresses, 0), seconds=0.2)


def test_a_port_in_use_is_named():
    with socket.create_server(("", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(UserError, match=f"cannot listen at port {port}"):
            wait_for_workers(Cluster((f"localhost:{port}", "b:2"), 0), seconds=0.2)
