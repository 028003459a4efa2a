"""A process that trains many small models, restarted periodically: TensorFlow keeps graphs until a process ends."""

import contextlib
import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.quiet import quiet_tensorflow

CALLS = 20
"""After which the process is replaced; a U-Net's graphs take some 20 MB."""


class Worker:
    """One other process, started when first needed and ended when the context is left, in the middle of work or not."""

    def __init__(self) -> None:
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._calls = 0

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def call(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """What a function of a module, on arguments that can be pickled, returns or raises, computed there."""
        if self._calls >= CALLS:
            self._end()
        connection = self._connection or self._start()
        self._calls += 1
        connection.send((work, arguments))
        try:
            done, result = connection.recv()
        except EOFError:
            self._end()
            raise UserError(
                "the process that trains U-Nets was killed, as by a lack of memory: the same command goes on from there"
            ) from None
        if not done:
            raise result
        return result

    def _start(self) -> Connection:
        context = multiprocessing.get_context("spawn")  # a fork of a process that has used TensorFlow hangs
        connection, its_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(its_end,), daemon=True)
        self._process.start()
        its_end.close()  # so that its death is seen
        self._connection, self._calls = connection, 0
        return connection

    def _end(self) -> None:
        if self._process is not None and self._connection is not None:
            self._connection.close()
            self._process.terminate()
            self._process.join()
        self._process = self._connection = None
        self._calls = 0


def _serve(connection: Connection) -> None:
    """Works until nobody asks any more. Interrupts are for the parent, which ends this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    quiet_tensorflow()
    from tfgan_thyroid.training import runtime

    runtime.prepare()
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            work, arguments = connection.recv()
            try:
                answer = True, work(*arguments)
            except Exception as error:
                answer = False, error
            connection.send(answer)
