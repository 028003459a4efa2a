"""Looks for new versions while a server answers."""

import logging
import threading

from tfgan_thyroid.serving.preview.served_model import ServedModel

_log = logging.getLogger(__name__)


class VersionWatcher:
    """Polls models for new versions in a thread of its own.

    Args:
        models: to poll.
        seconds: between polls.
    """

    def __init__(self, models: list[ServedModel], seconds: float) -> None:
        self._models = models
        self._seconds = seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "VersionWatcher":
        """Starts."""
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stops, after a poll that is under way."""
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(self._seconds):
            for model in self._models:
                try:
                    model.poll()
                except OSError as error:
                    _log.warning("%s cannot be polled: %s", model.name, error)
