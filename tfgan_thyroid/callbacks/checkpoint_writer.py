"""Checkpoints while a generative model trains."""

import keras

from tfgan_thyroid.runs.checkpoints import save
from tfgan_thyroid.runs.run_directory import RunDirectory


class CheckpointWriter(keras.callbacks.Callback):
    """Saves every `checkpoint_every` iterations and when training ends, by its plan or by a signal."""

    def __init__(self, run: RunDirectory) -> None:
        super().__init__()
        self.run = run

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Saves at the interval."""
        if int(self.model.iteration.numpy()) % self.model.config.checkpoint_every == 0:
            save(self.run, self.model)

    def on_train_end(self, logs: dict | None = None) -> None:
        """Saves the last iteration."""
        save(self.run, self.model)
