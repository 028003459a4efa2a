"""One process at a time over a pipeline's root."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from tfgan_thyroid.errors import UserError


@contextlib.contextmanager
def only_process(root: Path) -> Iterator[None]:
    """Keeps a second process out of the same root; the lock goes with the process that holds it."""
    with (root / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"another pipeline is running in {root}: wait for it, or give another root") from None
        yield
