"""Batch statistics of the averaged generator, measured before it is looked at or saved."""

import keras


class StandingStatistics(keras.callbacks.Callback):
    """Measures batch statistics before every grid (but iteration 0's), metric and checkpoint.

    List it before the callbacks that use them.
    """

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Measures at the intervals, and at the last iteration."""
        iteration, config = int(self.model.iteration.numpy()), self.model.config
        if iteration == config.iterations or not all(
            iteration % interval for interval in (config.image_every, config.checkpoint_every)
        ):
            self.model.measure_statistics()

    def on_train_end(self, logs: dict | None = None) -> None:
        """Measures for the last checkpoint, which a signal may have brought forward."""
        self.model.measure_statistics()
