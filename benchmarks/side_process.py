"""The parent's handle of a side that runs in a process of its own."""

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from tfgan_thyroid.errors import UserError

if TYPE_CHECKING:
    from benchmarks.sides import Settings
    from benchmarks.unet_sides import UNetSettings

REPOSITORY = Path(__file__).resolve().parents[1]


class SideProcess:
    """A process that holds one side, warmed up, idle until asked.

    Attributes:
        ready: what the side said of itself after its warm-up iteration: `first_iteration_seconds`, `threads`.

    Raises:
        UserError: the process ended before it answered; the last line of its standard error says why.
    """

    def __init__(self, side: str, settings: "Settings | UNetSettings", module: str = "benchmarks.sides") -> None:
        self.side = side
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, side, json.dumps(dataclasses.asdict(settings))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            cwd=REPOSITORY,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"},
        )
        try:
            self.ready = self._answer()
        except BaseException:
            self.close()
            raise

    def ask(self, command: str) -> dict:
        """Sends a command and waits for its answer.

        Raises:
            UserError: as for the class.
        """
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"{command}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # The process has ended: reading its answer says why.
        return self._answer()

    def _answer(self) -> dict:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            code = self.process.wait()
            self.errors.seek(0)
            reason = (self.errors.read().strip().splitlines() or ["no message"])[-1]
            raise UserError(f"the benchmark's side {self.side!r} ended with code {code}: {reason}")
        return json.loads(line)

    def close(self) -> None:
        """Ends the process."""
        self.process.kill()
        self.process.communicate()
        self.errors.close()

    def __enter__(self) -> "SideProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
