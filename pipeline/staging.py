"""A directory that is complete or absent: written beside its place under a hidden name, then renamed."""

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tfgan_thyroid.data.schema import DATASET_FILE
from tfgan_thyroid.errors import UserError


def check_output(output: Path, overwrite: bool) -> None:
    """Raise `UserError` if `output` holds anything that this run must not replace."""
    if not os.path.lexists(output) or (output.is_dir() and not any(output.iterdir())):
        return
    if not (output / DATASET_FILE).is_file():
        raise UserError(f"{output} exists and is no dataset directory: give --output a new name")
    if not overwrite:
        raise UserError(f"{output} exists: give --overwrite to replace it, or --output a new name")


@contextmanager
def staging_directory(output: Path) -> Iterator[Path]:
    """A new hidden folder beside `output`, removed at the end unless `publish` has renamed it.

    Raises:
        UserError: the folder cannot be made there.
    """
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{output.name}.", suffix=".partial", dir=output.parent))
    except OSError as error:
        raise UserError(f"cannot write to {output.parent} ({error.strerror}): give --output another place") from None
    try:
        with _termination_as_interrupt():
            yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """SIGTERM unwinds the stack as Ctrl-C does, so that nothing is left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def publish(staging: Path, output: Path) -> None:
    """Rename `staging` to `output`; what was there stays whole until then and is removed after."""
    umask = os.umask(0)
    os.umask(umask)
    staging.chmod(0o777 & ~umask)
    if not output.exists():
        staging.rename(output)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{output.name}.", suffix=".old", dir=output.parent))
    output.rename(old)
    try:
        staging.rename(output)
    except OSError:
        old.rename(output)
        raise
    shutil.rmtree(old, ignore_errors=True)
