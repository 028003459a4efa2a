"""Reasons to stop before the last iteration: a loss that is no number, or a signal."""

import contextlib
import logging
import math
import signal
from collections.abc import Callable, Iterator
from types import FrameType

import keras

from tfgan_thyroid.runs.checkpoints import diverged
from tfgan_thyroid.runs.run_directory import RunDirectory

LOG = logging.getLogger(__name__)
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class NonFiniteGuard(keras.callbacks.Callback):
    """Stops training at the first loss that is NaN or infinite, before anything is saved.

    Args:
        run: that is trained, which notes it; None notes nothing.
        remedy: what the user can do about it; by default for a generative model.
    """

    def __init__(self, run: RunDirectory | None = None, remedy: str | None = None) -> None:
        super().__init__()
        self.run = run
        self.remedy = remedy

    def on_train_batch_end(self, batch: int, logs: dict) -> None:
        """Checks every loss.

        Raises:
            UserError: names the iteration and the losses.
        """
        wrong = {name: float(value) for name, value in logs.items() if not math.isfinite(float(value))}
        if wrong:
            losses = ", ".join(f"{name} is {value}" for name, value in wrong.items())
            found = f"at iteration {int(self.model.iteration.numpy())}: {losses}"
            raise diverged(self.run, found, self.remedy)


class StopOnSignal(keras.callbacks.Callback):
    """Ends training after the current iteration once SIGINT or SIGTERM has come; a second one ends it at once.

    Args:
        total: adds up a number over all workers, so that they stop together.

    Attributes:
        received: the first signal, or None.
        stopped: whether training ended by a signal, to this worker or another.
    """

    def __init__(self, total: Callable[[int], int] = int) -> None:
        super().__init__()
        self.total = total
        self.received: int | None = None
        self.stopped = False

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Handles the signals inside the block, as long as it runs in the main thread."""
        previous = {number: signal.signal(number, self._receive) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in previous.items():
                # None stands for a handler that TensorFlow's own code has set.
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = number
        LOG.info("%s: saving after this iteration (once more to stop at once)", signal.Signals(number).name)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Asks Keras to stop."""
        if self.total(self.received is not None):
            self.stopped = True
            self.model.stop_training = True
