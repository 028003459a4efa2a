"""A directory that is complete or absent: written beside its place under a hidden name, then renamed.

Killed at whatever moment, a job leaves the old directory or the new one; the next one removes what it left behind.
"""

import ctypes
import fcntl
import glob
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tfgan_thyroid.data.records.schema import DATASET_FILE
from tfgan_thyroid.errors import UserError

_SUFFIX = ".partial"


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

    It is locked as long as this process lives, so that folders of killed jobs can be recognized.
    """
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(output)
        staging = Path(tempfile.mkdtemp(prefix=f".{output.name}.", suffix=_SUFFIX, dir=output.parent))
    except OSError as error:
        raise UserError(f"cannot write to {output.parent} ({error.strerror}): give --output another place") from None
    lock = os.open(staging, os.O_RDONLY)
    try:
        _try_lock(lock)
        # As Ctrl-C does, it unwinds the stack, so that nothing is left behind.
        with handling(signal.SIGTERM, signal.default_int_handler):
            yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        os.close(lock)


def _remove_abandoned(output: Path) -> None:
    """Remove what killed jobs with the same output have left."""
    for folder in output.parent.glob(f".{glob.escape(output.name)}.*{_SUFFIX}"):
        try:
            descriptor = os.open(folder, os.O_RDONLY)
        except OSError:
            continue  # another job's, or removed meanwhile
        try:
            if _try_lock(descriptor):
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    """Whether this process now holds the lock on a folder; False where another does, or none can be had."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def handling(number: signal.Signals, action: Callable[[int, Any], object] | signal.Handlers) -> Iterator[None]:
    """Handles a signal in this way within the block; Python allows it in the main thread alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(number, action)
    try:
        yield
    finally:
        signal.signal(number, previous)


def publish(staging: Path, output: Path) -> None:
    """Put `staging` in the place of `output`; what was there stays whole until then and is removed after."""
    umask = os.umask(0)
    os.umask(umask)
    staging.chmod(0o777 & ~umask)
    if not output.exists():
        staging.rename(output)
        return
    if _exchange(staging, output):
        return  # the old one now has the name of the staging folder, and goes with it
    old = Path(tempfile.mkdtemp(prefix=f".{output.name}.", suffix=_SUFFIX, dir=output.parent))
    output.rename(old)
    try:
        staging.rename(output)
    except OSError:
        old.rename(output)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step, which nothing can interrupt; False where the system or file system cannot."""
    current_directory, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE of Linux
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return False
    return rename(current_directory, os.fsencode(one), current_directory, os.fsencode(other), exchange) == 0
