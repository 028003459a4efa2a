"""Files and directories that appear whole or not at all."""

import contextlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file beside its place and rename it there."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException as error:
        os.unlink(temporary)
        if isinstance(error, OSError):
            error.filename = error.filename or str(path)  # a full disk names no file
        raise


def write_text(path: Path, content: str) -> None:
    """As `write_bytes`, in UTF-8."""
    write_bytes(path, content.encode())


def write_json(path: Path, document: Any, indent: int = 1) -> None:
    """As `write_bytes`, a JSON document."""
    write_text(path, json.dumps(document, indent=indent) + "\n")


def write_figure(path: Path, figure: Any, dpi: int = 100) -> None:
    """As `write_bytes`, a figure of matplotlib as PNG."""
    file = io.BytesIO()
    figure.savefig(file, dpi=dpi)
    write_bytes(path, file.getvalue())


@contextlib.contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """A temporary directory beside `path`, renamed to it when the block ends well and removed when it does not.

    Its name starts with a point and so is no integer, which a server that polls for versions would pick up.

    Args:
        path: must not exist; its parents are made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        yield temporary
        os.chmod(temporary, 0o777 & ~_umask())
        os.rename(temporary, path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
