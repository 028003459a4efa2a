"""TensorBoard's embedding projector over encoded scans."""

import keras
import numpy as np
import tensorflow as tf
from PIL import Image
from tensorboard.plugins import projector

from tfgan_thyroid import atomic
from tfgan_thyroid.callbacks.image_grids import image_grid
from tfgan_thyroid.data.preprocessing import scale_to_unit_range
from tfgan_thyroid.data.scans.files import encode_png
from tfgan_thyroid.runs.run_directory import RunDirectory

POINTS = 900
THUMBNAIL = 64
SPRITE_COLUMNS = 30
ENCODING_BATCH = 50


class LatentProjector(keras.callbacks.Callback):
    """Shows each scan as a thumbnail at its latent, written when training ends; a model without encoder shows none.

    Args:
        run: whose `tensorboard` directory is written to.
        real_images: uint8 `[N, H, W, C]`; the first 900 are shown.
    """

    def __init__(self, run: RunDirectory, real_images: np.ndarray) -> None:
        super().__init__()
        self.run = run
        self.real_images = real_images[:POINTS]

    def on_train_end(self, logs: dict | None = None) -> None:
        """Writes latents, sprite and the projector's configuration."""
        if self.model.encoder is None:
            return
        lines = ["\t".join(repr(float(value)) for value in latent) for latent in self._latents()]
        atomic.write_text(self.run.tensorboard / "latents.tsv", "\n".join(lines) + "\n")
        atomic.write_bytes(self.run.tensorboard / "sprite.png", self._sprite())
        config = projector.ProjectorConfig()
        embedding = config.embeddings.add()
        embedding.tensor_name = "encoded scans"
        embedding.tensor_path = "latents.tsv"
        embedding.sprite.image_path = "sprite.png"
        embedding.sprite.single_image_dim.extend([THUMBNAIL, THUMBNAIL])
        projector.visualize_embeddings(str(self.run.tensorboard), config)

    def _latents(self) -> np.ndarray:
        images = scale_to_unit_range(tf.cast(self.real_images, tf.float32))
        parts = range(0, len(images), ENCODING_BATCH)
        return np.concatenate([self.model.encode(images[i : i + ENCODING_BATCH]).numpy() for i in parts])

    def _sprite(self) -> bytes:
        images = [Image.fromarray(image[:, :, 0]).resize((THUMBNAIL, THUMBNAIL)) for image in self.real_images]
        grid = image_grid(np.stack([np.asarray(image)[:, :, None] for image in images]), SPRITE_COLUMNS)
        return encode_png(grid[:, :, 0])
