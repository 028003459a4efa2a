"""The versions of one model: found by polling its directory, loaded and unloaded as TF Serving does."""

import logging
import threading
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from tfgan_thyroid.serving.export import warmup
from tfgan_thyroid.serving.preview.api_errors import ApiError
from tfgan_thyroid.serving.preview.loaded_version import LoadedVersion
from tfgan_thyroid.serving.versions import versions_in

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class VersionStatus:
    """A version as the status API reports it.

    Attributes:
        version: its number.
        state: `LOADING`, `AVAILABLE` or `END`.
        code: canonical code of what ended it.
        message: in words.
    """

    version: int
    state: str
    code: str = "OK"
    message: str = ""


class ServedModel:
    """A directory of integer versions, of which the newest are kept in memory.

    Requests hold the version that they use: a retired version closes after its last request. A newer version is
    loaded and warmed up before an older one is retired.

    Args:
        name: of the model in request paths.
        directory: holds the versions.
        keep: how many of the newest versions are served; None for all.
    """

    def __init__(self, name: str, directory: Path, keep: int | None = 1) -> None:
        self.name = name
        self.directory = directory
        self._keep = keep
        self._loaded: dict[int, LoadedVersion] = {}
        self._statuses: dict[int, VersionStatus] = {}
        self._refused: dict[int, list[tuple]] = {}  # the files of each version that could not be loaded
        self._polling = threading.Lock()

    def poll(self) -> None:
        """Looks for versions, loads new ones and lets old ones go."""
        with self._polling:
            found = versions_in(self.directory)
            wanted = list(found) if self._keep is None else list(found)[-self._keep :]
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
        if number is None and loaded:
            number = max(loaded)
        if number not in loaded:
            asked = f"Latest({self.name})" if number is None else f"Specific({self.name}, {number})"
            raise ApiError("NOT_FOUND", f"Servable not found for request: {asked}")
        return number, loaded[number]

    def statuses(self, number: int | None = None) -> list[VersionStatus]:
        """Of one version, or of all that were ever seen, newest first.

        Raises:
            ApiError: nothing was ever seen of it.
        """
        statuses = self._statuses
        if number is not None and number not in statuses:
            raise ApiError("NOT_FOUND", f"Could not find version {number} of model {self.name}")
        if not statuses:
            raise ApiError("NOT_FOUND", f"Could not find any versions of model {self.name}")
        return [statuses[version] for version in sorted(statuses, reverse=True) if number in (None, version)]

    def _load(self, version: int, directory: Path) -> None:
        """Loads a version, unless it was refused and its files are still the same: a copy may take its time."""
        files = _files(directory)
        if self._refused.get(version) == files:
            return
        self._refused[version] = files
        self._tell(VersionStatus(version, "LOADING"))
        try:
            loaded = LoadedVersion(directory)
            warmup.replay(directory, loaded.run)
        except (OSError, ValueError, RuntimeError, ApiError, tf.errors.OpError) as error:
            reason = str(error).splitlines()[0]
            self._tell(VersionStatus(version, "END", "UNKNOWN", reason))
            _log.warning("%s version %d cannot be loaded: %s", self.name, version, reason)
            return
        # Requests read these dictionaries without a lock: they are replaced, never changed.
        self._loaded = {**self._loaded, version: loaded}
        self._tell(VersionStatus(version, "AVAILABLE"))
        _log.info("%s version %d is available", self.name, version)

    def _unload(self, version: int) -> None:
        self._loaded = {number: kept for number, kept in self._loaded.items() if number != version}
        self._refused.pop(version)
        self._tell(VersionStatus(version, "END"))
        _log.info("%s version %d was unloaded", self.name, version)

    def _tell(self, status: VersionStatus) -> None:
        self._statuses = {**self._statuses, status.version: status}


def _files(directory: Path) -> list[tuple]:
    """Names, sizes and times of all files of a version."""
    found = ((path, path.lstat()) for path in sorted(directory.rglob("*")))
    try:
        return [(str(path), status.st_size, status.st_mtime_ns) for path, status in found]
    except FileNotFoundError:  # a copy renames what it has copied
        return []
