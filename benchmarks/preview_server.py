"""A preview server for the length of a measurement."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tfgan_thyroid.errors import UserError

_STOPS_WITHIN = 30.0  # seconds


@contextmanager
def preview_server(model: Path, *flags: str) -> Iterator[tuple[str, int]]:
    """Starts `python -m tfgan_thyroid.serve` on a free port, and stops it; yields its address and its process id."""
    words = [sys.executable, "-m", "tfgan_thyroid.serve", str(model), "--port", "0", *flags]
    server = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        if not line.startswith("serving "):
            raise UserError("the preview server did not start")
        yield line.partition(" at ")[2].split()[0], server.pid
    finally:
        server.terminate()
        server.communicate(timeout=_STOPS_WITHIN)
