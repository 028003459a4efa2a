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


@dataclass
class _Request:
    """One that waits, or is under way.

    Attributes:
        version: that answers it.
        signature: name of the signature.
        inputs: by name, all of as many rows.
        answer: outputs by name, or an `ApiError`.
        taken: whether a thread has begun with it.
    """

    version: LoadedVersion
    signature: str
    inputs: Arrays
    answer: Future = field(default_factory=Future)
    taken: bool = False

    @property
    def rows(self) -> int:
        """Of each input."""
        return len(next(iter(self.inputs.values())))

    def fits(self, other: "_Request") -> bool:
        """Whether the inputs of both can be one behind the other."""
        return (self.version, self.signature) == (other.version, other.signature) and _kinds(self) == _kinds(other)


class Batcher:
    """Runs requests, those that fit together in one batch; nobody waits for company.

    A thread that brings a request works for the request that has waited longest, so there are no threads to keep.

    Args:
        max_batch_size: rows of a batch; a request with more runs alone.
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
        if not all(array.ndim for array in inputs.values()) or len({len(array) for array in inputs.values()}) != 1:
            return version.run(signature, inputs)
        request = _Request(version, signature, inputs)
        with self._lock:
            self._waiting.append(request)
        while not request.taken:
            with self._slots:
                _answer(self._take())
        return request.answer.result()

    def _take(self) -> list[_Request]:
        """Whoever waits first, and those who fit to it, in order; none where nobody waits."""
        with self._lock:
            batch: list[_Request] = []
            rows = 0
            for request in self._waiting:
                if not batch or (batch[0].fits(request) and rows + request.rows <= self._max_batch_size):
                    batch.append(request)
                    request.taken = True
                    rows += request.rows
            self._waiting = deque(request for request in self._waiting if not request.taken)
            return batch


def _answer(batch: list[_Request]) -> None:
    if len(batch) > 1:
        try:
            _answer_together(batch)
            return
        except ApiError:
            pass  # Each is tried alone, so one bad request does not fail the batch.
    for request in batch:
        try:
            request.answer.set_result(request.version.run(request.signature, request.inputs))
        except BaseException as error:
            request.answer.set_exception(error)


def _answer_together(batch: list[_Request]) -> None:
    names = batch[0].inputs
    joined = {name: np.concatenate([request.inputs[name] for request in batch]) for name in names}
    outputs = batch[0].version.run(batch[0].signature, joined)
    ends = np.cumsum([request.rows for request in batch])
    if any(array.ndim == 0 or len(array) != ends[-1] for array in outputs.values()):
        raise ApiError("INTERNAL", "an output has not as many rows as the inputs")
    for request, end in zip(batch, ends, strict=True):
        request.answer.set_result({name: array[end - request.rows : end] for name, array in outputs.items()})


def _kinds(request: _Request) -> dict[str, tuple]:
    return {name: (array.dtype, array.shape[1:]) for name, array in request.inputs.items()}
