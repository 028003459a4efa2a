"""Lists that wait on disk between two steps, so that only their names cross Beam and memory stays flat.

An engine holds what crosses, encoded and decoded, several times over: for 50,000 scans that was the greater part of
the job's memory.
"""

import pickle
import uuid
from typing import Any

from pipeline.preprocessing.settings import PreprocessSettings


def spill_object(value: Any, settings: PreprocessSettings) -> str:
    """Write `value` into the spill folder; returns the name of its file, which no other has."""
    name = f"{uuid.uuid4().hex}.pickle"
    try:
        (settings.spill / name).write_bytes(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))
    except OSError as error:
        error.filename = error.filename or str(settings.spill)  # a full disk names no file
        raise
    return name


def load_object(name: str, settings: PreprocessSettings) -> Any:
    """What `spill_object` wrote under `name`."""
    with open(settings.spill / name, "rb") as file:
        return pickle.load(file)
