"""A module run in a fresh process: its lines are logged as they come, and it does not outlive its parent.

`python -m pipeline.components.child PARENT MODULE ARGUMENTS...` is that process.
"""

import ctypes
import logging
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from typing import NamedTuple

_KILLED_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux


class Finished(NamedTuple):
    """How a process ended."""

    code: int  # its exit code, negative for a signal
    output: str  # what it printed on standard output
    last_line: str  # of standard error, where a command says what went wrong


def run_module(module: str, arguments: Sequence[str], log: logging.Logger, seconds: float | None = None) -> Finished:
    """Runs `python -m MODULE ARGUMENTS`, logging each line of its standard error; kills it after `seconds`."""
    words = [sys.executable, "-m", __name__, str(os.getpid()), module, *arguments]
    last = "no message"
    with tempfile.TemporaryFile("w+", errors="backslashreplace") as output:
        process = subprocess.Popen(words, stdout=output, stderr=subprocess.PIPE, text=True, errors="backslashreplace")
        assert process.stderr is not None
        timer = threading.Timer(seconds or threading.TIMEOUT_MAX, process.kill)
        timer.daemon = True
        timer.start()
        try:
            for line in process.stderr:
                if line.strip():
                    last = line.strip()
                    log.info("%s", last)
            code = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        finally:
            timer.cancel()
            process.stderr.close()
        output.seek(0)
        return Finished(code, output.read(), last)


def _main(parent: int, module: str, *arguments: str) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_KILLED_WITH_PARENT, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the line above
            sys.exit(1)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main(int(sys.argv[1]), *sys.argv[2:])
