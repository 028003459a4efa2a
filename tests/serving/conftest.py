"""A small exported generator, and the server that the contract is tested against."""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tfgan_thyroid.models.registry import build_model
from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.run_directory import RunDirectory, RunRecord, current_stack
from tfgan_thyroid.serving.client.rest_client import RestClient
from tfgan_thyroid.serving.export.saved_model import export_generator


@pytest.fixture(scope="session")
def run_directory(tiny_config, tmp_path_factory):
    """A run whose networks have just been initialized."""
    record = RunRecord(tiny_config, "/data", "train", "digest", current_stack(), "0")
    run = RunDirectory.create(tmp_path_factory.mktemp("runs"), record)
    checkpoints.save(run, build_model(tiny_config))
    return run


@pytest.fixture(scope="session")
def model_directory(run_directory, tmp_path_factory):
    """`saved_models/thyroid` with version 1; tests that add versions copy it."""
    output = tmp_path_factory.mktemp("saved_models") / "thyroid"
    export_generator(run_directory, output)
    return output


class ServerProcess:
    """`python -m tfgan_thyroid.serve` on a free port."""

    def __init__(self, *arguments):
        words = [sys.executable, "-m", "tfgan_thyroid.serve", *map(str, arguments), "--port", "0"]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("serving "), self.process.communicate()[1]
        self.url = line.split(" at ")[1].split()[0]

    def stop(self):
        self.process.terminate()
        output, errors = self.process.communicate(timeout=300)
        assert self.process.returncode == 0, errors
        assert output == "stopped\n"
        assert "Traceback" not in errors, errors


@pytest.fixture(scope="session")
def preview(model_directory):
    """A preview server of version 1 that tests share."""
    server = ServerProcess(model_directory, "--max-batch-size", 32)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def server_url(request):
    """Of the server under test: a real TF Serving where TF_SERVING_URL names one."""
    real = os.environ.get("TF_SERVING_URL")
    return real.rstrip("/") if real else request.getfixturevalue("preview").url


@pytest.fixture(scope="session")
def model_name():
    return os.environ.get("TF_SERVING_MODEL", "thyroid")


@pytest.fixture
def start_server():
    """Starts servers that stop when the test ends."""
    servers = []

    def start(*arguments):
        servers.append(ServerProcess(*arguments))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def connect():
    """Makes clients that are closed when the test ends."""
    with contextlib.ExitStack() as stack:

        def make(server, *arguments, **options):
            return stack.enter_context(contextlib.closing(RestClient(server.url, *arguments, **options)))

        yield make


def wait_until(condition, seconds=60.0):
    """Polls until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not become so in time"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def until():
    return wait_until


@pytest.fixture(scope="session")
def root():
    return Path(__file__).parents[2]
