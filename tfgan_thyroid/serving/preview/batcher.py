"""Requests that arrive while others are under way run together: on a processor a batch costs less than its parts."""

import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np

from tfgan_thyroid.serving.preview.api_errors import ApiError
from tfgan_thyroid.serving.preview.loaded_version import LoadedVersion

Arrays = dict[str, np.ndarray]

AT_A_TIME = 2
"""Batches that run at the same time: while one encodes its last PNG files, the other multiplies."""


@dataclass(eq=False)
class _Request:
    """A request, its answer to come, and whether a thread has begun with it."""

    version: LoadedVersion
    signature: str
    inputs: Arrays
    answer: Future = field(default_factory=Future)
    taken: bool = False

    def __post_init__(self) -> None:
        self.rows = len(next(iter(self.inputs.values())))
        self.kind = (self.version, self.signature, [array.shape[1:] for array in self.inputs.values()])


class Batcher:
    """Runs requests, those of one kind in batches of at most `max_batch_size` rows, without waiting for more of them.

    A thread that brings a request works for the request that has waited longest, so there are no threads to keep.
    """

    def __init__(self, max_batch_size: int) -> None:
        self._max_batch_size = max_batch_size
        self._waiting: deque[_Request] = deque()
        self._lock = threading.Lock()
        self._slots = threading.Semaphore(AT_A_TIME)

    def run(self, version: LoadedVersion, signature: str, inputs: Arrays) -> Arrays:
        """As `LoadedVersion.run`.

        Raises:
            ApiError: the request is wrong, or the graph failed.
        """
        sizes = {array.shape[:1] for array in inputs.values()}
        if len(sizes) != 1 or () in sizes:  # no rows to join or to split
            return version.run(signature, inputs)
        request = _Request(version, signature, inputs)
        with self._lock:
            self._waiting.append(request)
        while not request.taken:
            with self._slots:
                _answer(self._take())
        return request.answer.result()

    def _take(self) -> list[_Request]:
        """The request that has waited longest, and those that fit in one batch with it; none where none waits."""
        with self._lock:
            batch: list[_Request] = []
            rows = 0
            for request in self._waiting:
                if not batch or (request.kind == batch[0].kind and rows + request.rows <= self._max_batch_size):
                    batch.append(request)
                    request.taken = True
                    rows += request.rows
            self._waiting = deque(request for request in self._waiting if not request.taken)
            return batch


def _answer(batch: list[_Request]) -> None:
    try:
        answers = _run(batch)
    except Exception as error:
        if len(batch) == 1:
            batch[0].answer.set_exception(error)
        else:  # each alone, so that one bad request does not fail the batch
            for request in batch:
                _answer([request])
    else:
        for request, answer in zip(batch, answers, strict=True):
            request.answer.set_result(answer)


def _run(batch: list[_Request]) -> list[Arrays]:
    if len(batch) < 2:
        return [request.version.run(request.signature, request.inputs) for request in batch]
    joined = {name: np.concatenate([request.inputs[name] for request in batch]) for name in batch[0].inputs}
    outputs = batch[0].version.run(batch[0].signature, joined)
    *inner, total = np.cumsum([request.rows for request in batch])
    if any(array.shape[:1] != (total,) for array in outputs.values()):
        raise ApiError("an output has not as many rows as the inputs", 500)
    parts = {name: np.split(array, inner) for name, array in outputs.items()}
    return [{name: split[place] for name, split in parts.items()} for place in range(len(batch))]
