"""Grids of samples by fixed seeds, real images and reconstructions, as PNG files and in TensorBoard."""

import math

import keras
import numpy as np
import tensorflow as tf

from tfgan_thyroid import atomic
from tfgan_thyroid.data.preprocessing import quantize, scale_to_unit_range
from tfgan_thyroid.data.scans.files import encode_png
from tfgan_thyroid.runs.run_directory import RunDirectory

COLUMNS = 8
ROWS = 4


SHOWN = {
    "reals": "Scans that the run learns from; masks below them",
    "fakes": "Images of seeds 0 to 31, the same at every iteration; masks below them",
    "reconstructions": "A row of scans, then the row of what encoder and generator make of them",
}
"""What the pictures in TensorBoard are."""


def image_grid(images: np.ndarray, columns: int = COLUMNS) -> np.ndarray:
    """Images side by side, row by row, black where they do not fill the last row.

    Args:
        images: uint8 `[N, H, W, C]`.
        columns: images in a row.

    Returns:
        uint8 `[rows * H, columns * W, C]`.
    """
    count, height, width, channels = images.shape
    rows = math.ceil(count / columns)
    filled = np.zeros((rows * columns, height, width, channels), np.uint8)
    filled[:count] = images
    return (
        filled.reshape(rows, columns, height, width, channels)
        .swapaxes(1, 2)
        .reshape(rows * height, columns * width, channels)
    )


def pixels(images: np.ndarray) -> np.ndarray:
    """Grey levels `[N, H, W, C]` of images in [-1, 1]; a mask beside them is 0 or 255, as `generate` writes it."""
    levels = quantize(images)
    levels[..., 1:] = np.where(images[..., 1:] > 0.0, 255, 0)
    return levels


class ImageGrids(keras.callbacks.Callback):
    """Writes `reals.png` once, `fakes######.png` and `reconstructions######.png` every `image_every` iterations.

    Sample i of every grid is the image of seed i, the one that `generate --seed 0` would write as its i-th.

    Args:
        run: where to.
        writer: of TensorBoard.
        real_images: uint8 `[N, H, W, C]`; the first ones are shown.
    """

    def __init__(self, run: RunDirectory, writer: tf.summary.SummaryWriter, real_images: np.ndarray) -> None:
        super().__init__()
        self.run = run
        self.writer = writer
        self.real_images = real_images[: COLUMNS * ROWS]

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Writes the reals, and at iteration 0 the fakes of the initial weights."""
        if not int(self.model.iteration.numpy()):
            self._write("reals", "reals", self.real_images)
            self._write_samples()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Writes at the interval and at the last iteration."""
        iteration, config = int(self.model.iteration.numpy()), self.model.config
        if iteration % config.image_every == 0 or iteration == config.iterations:
            self._write_samples()

    def _write_samples(self) -> None:
        iteration = int(self.model.iteration.numpy())
        seeds = tf.range(COLUMNS * ROWS, dtype=tf.int64)
        self._write("fakes", f"fakes{iteration:06d}", pixels(self.model.generate(seeds).numpy()))
        if self.model.encoder is not None:
            originals = self.real_images[: COLUMNS * ROWS // 2]
            images = scale_to_unit_range(tf.cast(originals, tf.float32))
            reconstructed = pixels(self.model(self.model.encode(images)).numpy())
            self._write("reconstructions", f"reconstructions{iteration:06d}", _alternate_rows(originals, reconstructed))
        self.writer.flush()

    def _write(self, tag: str, name: str, images: np.ndarray) -> None:
        grid = np.concatenate(np.moveaxis(image_grid(images), -1, 0), axis=0)  # masks below their images
        atomic.write_bytes(self.run.path / f"{name}.png", encode_png(grid))
        with self.writer.as_default(step=int(self.model.iteration.numpy())):
            tf.summary.image(tag, grid[None, :, :, None], description=SHOWN[tag])


def _alternate_rows(originals: np.ndarray, reconstructed: np.ndarray) -> np.ndarray:
    """A row of originals, the row of their reconstructions, and so on."""
    count = len(originals) // COLUMNS * COLUMNS or len(originals)
    width = min(COLUMNS, count)
    pairs = [images[:count].reshape(-1, width, *images.shape[1:]) for images in (originals, reconstructed)]
    return np.stack(pairs, axis=1).reshape(-1, *originals.shape[1:])
