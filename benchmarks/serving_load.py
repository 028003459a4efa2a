"""Loads the preview server with many clients, and checks every answer: `python -m benchmarks.serving_load`."""

import argparse
import http.client
import io
import random
import shutil
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import psutil
from PIL import Image

from benchmarks.preview_server import preview_server
from benchmarks.scaffold import add_counts, document, parser, publish
from tfgan_thyroid import command
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.serving.client.rest_client import RestClient

SEEDS = 64
"""Different images that are asked for."""

ALIKE = 1
"""Grey levels that an image may differ by: the server runs requests together, and sums round by the size of a batch."""

MALFORMED = [
    "",
    "{",
    "[]",
    '{"instances": ["x"]}',
    '{"instances": [[1]]}',
    '{"signature_name": "no", "instances": [1]}',
]


@dataclass
class Load:
    """What the clients share."""

    images: list[np.ndarray]  # grey levels `[H, W]` of the image of each seed
    url: str  # of the server
    model: str  # name of the model
    left: int  # requests that nobody has taken yet
    milliseconds: list[float] = field(default_factory=list)  # of each good request
    # `good`, `refused` (malformed, as it should be), and what went wrong by name.
    outcomes: Counter = field(default_factory=Counter)
    memory: list[int] = field(default_factory=list)  # bytes of the server, sampled
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> bool:
        """Whether there was a request left."""
        with self.lock:
            self.left -= 1
            return self.left >= 0

    def note(self, outcome: str, milliseconds: float | None = None) -> None:
        """Counts an outcome."""
        with self.lock:
            self.outcomes[outcome] += 1
            if milliseconds is not None:
                self.milliseconds.append(milliseconds)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the load; returns 1 where any answer was wrong."""
    flags = _parser().parse_args(arguments)
    if not flags.model.is_dir():
        raise UserError(f"{flags.model} does not exist: export a model with python -m tfgan_thyroid.export")
    with tempfile.TemporaryDirectory() as folder:
        # A copy, since versions are pushed into it.
        models = Path(shutil.copytree(flags.model, Path(folder) / flags.model.resolve().name))
        result = measure(models, flags.requests, flags.clients, flags.malformed, flags.push)
    publish(flags, document(flags, **result), [f"{name}: {value}" for name, value in result.items()])
    return 0 if result["wrong"] == 0 else 1


def measure(models: Path, requests: int, clients: int, malformed: float, push: bool) -> dict[str, object]:
    """Loads a server of its own.

    Args:
        models: directory of the model; gains a version where `push`.
        requests: good and malformed ones together.
        clients: that ask at the same time, each on its own connection.
        malformed: fraction of the requests.
        push: whether the newest version is pushed again, under a new number, halfway.

    Returns:
        A JSON object: counts, requests per second, milliseconds of good requests, memory of the server in each quarter
        of the time: while it warms up, before the push, after it, and at the end.
    """
    start = time.monotonic()
    with preview_server(models, "--poll-seconds", "0.2") as (url, process_id):
        with closing(RestClient(url, models.name)) as client:
            client.images([0])
            cold_start = time.monotonic() - start
            images = [_levels(png) for seed in range(SEEDS) for png in client.images([seed])]
        load = Load(images, url, models.name, requests)
        seconds = _run(load, clients, malformed, psutil.Process(process_id), models if push else None)
        with closing(RestClient(url, models.name)) as client:
            versions = {entry["version"]: entry["state"] for entry in client.status()}
    return {**_summary(load, seconds, cold_start, malformed), "versions_at_the_end": versions}


def _run(load: Load, clients: int, malformed: float, process: psutil.Process, push: Path | None) -> float:
    total = load.left
    start = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        futures = [pool.submit(_ask_until_done, load, malformed, number) for number in range(clients)]
        pushed = push is None
        while not all(future.done() for future in futures):
            load.memory.append(process.memory_info().rss)
            if not pushed and load.left < total / 2:
                _push(push)
                pushed = True
            time.sleep(0.25)
        for future in futures:
            future.result()
    return time.monotonic() - start


def _push(models: Path | None) -> None:
    assert models is not None
    newest = max((path for path in models.iterdir() if path.name.isdecimal()), key=lambda path: int(path.name))
    shutil.copytree(newest, models / ".pushed")
    (models / ".pushed").rename(models / str(int(newest.name) + 1))


def _ask_until_done(load: Load, malformed: float, number: int) -> None:
    chance = random.Random(number)
    with closing(RestClient(load.url, load.model, retries=0)) as client:
        while load.take():
            if chance.random() < malformed:
                _ask_wrongly(load, chance.choice(MALFORMED))
                continue
            seed = chance.randrange(SEEDS)
            start = time.monotonic()
            try:
                (png,) = client.images([seed])
            except UserError as error:
                load.note(f"failed: {error}")
                continue
            elapsed = 1e3 * (time.monotonic() - start)
            right = np.abs(_levels(png) - load.images[seed]).max() <= ALIKE
            load.note("good" if right else "failed: another image", elapsed)


def _levels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png))).astype(np.int16)


def _ask_wrongly(load: Load, body: str) -> None:
    parts = urlsplit(load.url)
    with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)) as connection:
        connection.request("POST", f"/v1/models/{load.model}:predict", body)
        status = connection.getresponse().status
    load.note("refused" if status == http.HTTPStatus.BAD_REQUEST else f"failed: malformed request got {status}")


def _summary(load: Load, seconds: float, cold_start: float, malformed: float) -> dict[str, object]:
    wrong = {name: count for name, count in load.outcomes.items() if name.startswith("failed")}
    quarters = [load.memory[start : start + len(load.memory) // 4 + 1] for start in _quarter_starts(len(load.memory))]
    cuts = statistics.quantiles(load.milliseconds, n=100)
    return {
        "requests": sum(load.outcomes.values()),
        "good": load.outcomes["good"],
        "malformed_and_refused": load.outcomes["refused"],
        "wrong": sum(wrong.values()),
        "wrong_by_name": wrong,
        "requests_per_second": sum(load.outcomes.values()) / seconds,
        "milliseconds_p50": cuts[49],
        "milliseconds_p99": cuts[98],
        "cold_start_seconds": cold_start,
        "memory_mib_by_quarter": [statistics.median(quarter) / 2**20 for quarter in quarters],
        "malformed_fraction": malformed,
    }


def _quarter_starts(count: int) -> list[int]:
    return [count * quarter // 4 for quarter in range(4)]


def _parser() -> argparse.ArgumentParser:
    result = parser(
        "serving_load",
        "Start the preview server and ask it from many clients at once for images by seed, with malformed requests "
        "among them and a new version pushed halfway; compare every image with the one that a lone client got.",
        "--model saved_models/thyroid --requests 1000",
    )
    add = result.add_argument
    add("--model", type=Path, required=True, metavar="DIR", help="model directory, saved_models/NAME")
    add_counts(result, requests=(10_000, "in all"), clients=(16, "at the same time"))
    add("--malformed", type=command.share, default=0.1, metavar="F", help="fraction of the requests")
    add("--push", action=argparse.BooleanOptionalAction, default=True, help="push a version halfway")
    return result


if __name__ == "__main__":
    command.run(main)
