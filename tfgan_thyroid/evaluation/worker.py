"""A process that trains many small models, replaced now and then: TensorFlow keeps graphs until a process ends."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any

CALLS = 20
"""After which a process is replaced; a U-Net's graphs take some 20 MB."""


class Worker:
    """One other process, started when first needed. Use it as a context.

    It leaves interrupts to its parent, which ends it when the context is left.
    """

    def __init__(self) -> None:
        self._pool: Any = None

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.terminate()
            self._pool.join()

    def call(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """What a function of a module returns or raises, computed there.

        Args:
            work: a function that can be imported by name.
            arguments: of it, which can be pickled.
        """
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = context.Pool(1, _start, maxtasksperchild=CALLS)
        return self._pool.apply(work, arguments)


def _start() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from tfgan_thyroid.training import runtime

    runtime.prepare()
