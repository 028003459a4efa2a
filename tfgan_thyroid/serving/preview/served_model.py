"""The versions of one model: found by polling its directory, loaded and unloaded as TF Serving does."""

import contextlib
import logging
import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfgan_thyroid.serving.export import warmup
from tfgan_thyroid.serving.preview.api_errors import ApiError
from tfgan_thyroid.serving.preview.loaded_version import LoadedVersion
from tfgan_thyroid.serving.versions import versions_in

_log = logging.getLogger(__name__)


class ServedModel:
    """A directory of integer versions, of which the newest are kept in memory.

    Requests hold the version that they use: a retired version closes after its last request. A newer version is
    loaded and warmed up before an older one is retired.
    """

    def __init__(self, name: str, directory: Path, keep: int = 1) -> None:
        self.name = name
        self.directory = directory
        self._keep = keep
        # Requests read these two without a lock: they are replaced, never changed.
        self._loaded: dict[int, LoadedVersion] = {}
        self._statuses: dict[int, dict[str, Any]] = {}
        self._tried: dict[int, list[tuple]] = {}  # the files of each version when it was last loaded

    def poll(self) -> None:
        """Looks for versions, loads new ones and lets old ones go."""
        found = versions_in(self.directory)
        wanted = list(found)[-self._keep :]
        for version in wanted:
            if version not in self._loaded:
                self._load(version, found[version])
        if not wanted or any(version in self._loaded for version in wanted):
            for version in sorted(set(self._loaded) - set(wanted)):
                self._unload(version)

    def version(self, number: int | None = None) -> tuple[int, LoadedVersion]:
        """A loaded version: the one asked for, or the newest.

        Raises:
            ApiError: it is not loaded.
        """
        loaded = self._loaded
        wanted = max(loaded, default=None) if number is None else number
        if wanted not in loaded:
            raise ApiError(f"{self.name} has no version {number or ''} loaded; loaded: {sorted(loaded)}", 404)
        return wanted, loaded[wanted]

    def statuses(self, number: int | None = None) -> list[dict[str, Any]]:
        """The state of one version, or of all that were ever seen, newest first, as TF Serving reports it.

        Raises:
            ApiError: nothing was ever seen of it.
        """
        statuses = self._statuses
        found = [statuses[version] for version in sorted(statuses, reverse=True) if number in (None, version)]
        if not found:
            raise ApiError(f"{self.name} has no version {number or ''}; versions: {sorted(statuses)}", 404)
        return found

    def _load(self, version: int, directory: Path) -> None:
        """Loads a version, but not again while its files are the same: a copy may take its time."""
        files = [(path, path.lstat().st_size, path.lstat().st_mtime_ns) for path in sorted(directory.rglob("*"))]
        if self._tried.get(version) == files:
            return
        self._tried[version] = files
        self._set_status(version, "LOADING")
        try:
            loaded = LoadedVersion(directory)
            warmup.replay(directory, loaded.run)
        except (OSError, ValueError, tf.errors.OpError) as error:
            reason = str(error).splitlines()[0]
            self._set_status(version, "END", "UNKNOWN", reason)
            _log.warning("%s version %d cannot be loaded: %s", self.name, version, reason)
            return
        self._loaded = {**self._loaded, version: loaded}
        self._set_status(version, "AVAILABLE")
        _log.info("%s version %d is available", self.name, version)

    def _unload(self, version: int) -> None:
        self._loaded = {number: kept for number, kept in self._loaded.items() if number != version}
        del self._tried[version]
        self._set_status(version, "END")
        _log.info("%s version %d was unloaded", self.name, version)

    def _set_status(self, version: int, state: str, code: str = "OK", message: str = "") -> None:
        status = {"version": str(version), "state": state, "status": {"error_code": code, "error_message": message}}
        self._statuses = {**self._statuses, version: status}


@contextlib.contextmanager
def polling(models: Collection[ServedModel], seconds: float) -> Iterator[None]:
    """Polls models for new versions inside the block, in a thread of its own, with pauses of so many seconds."""
    stopped = threading.Event()

    def poll() -> None:
        while not stopped.wait(seconds):
            for model in models:
                try:
                    model.poll()
                except OSError as error:  # a file that a copy renames meanwhile, for one
                    _log.warning("%s cannot be polled: %s", model.name, error)

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
