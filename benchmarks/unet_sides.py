"""The two sides of the U-Net's comparison, each in a process of its own.

`python -m benchmarks.unet_sides SIDE SETTINGS`, as `benchmarks.sides` is for the generative model.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.machine import resident_bytes
from benchmarks.sides import CHANNELS, Side, serve

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class UNetSettings:
    """The work of one iteration, the same for both sides."""

    task: str  # `training`, a step of Adam; or `inference`, from grey levels to probabilities
    image_size: int  # height and width in pixels, a multiple of 16
    width: int  # channels at full size
    batch_size: int  # images at a time
    precision: str  # `float32` or `mixed_bfloat16`
    seed: int  # of the initial values and the images

    def grey_levels(self) -> "np.ndarray":
        """Noise: uint8 `[N, H, W, 1]`; the arithmetic does not depend on values."""
        import numpy as np

        shape = (self.batch_size, self.image_size, self.image_size, CHANNELS)
        return np.random.default_rng(self.seed).integers(0, 256, shape, dtype=np.uint8)


class OurUNet(Side):
    """This package, as `tfgan_thyroid.segment` runs it."""

    def __init__(self, settings: UNetSettings) -> None:
        import tensorflow as tf

        from tfgan_thyroid.segmentation.config import SegmentationConfig
        from tfgan_thyroid.segmentation.model import build_segmentation_model

        config = SegmentationConfig(
            image_size=settings.image_size,
            width=settings.width,
            batch_size=settings.batch_size,
            precision=settings.precision,
            seed=settings.seed,
        )
        self.imported_bytes = resident_bytes()
        self.settings = settings
        self.model = build_segmentation_model(config, 1)
        self.levels = settings.grey_levels()
        images = tf.constant(self.levels, tf.float32) / 127.5 - 1.0
        self.batch = images, tf.cast(images > 0.0, tf.float32)
        self.train_step = tf.function(self.model.train_step)

    def iterate(self) -> dict[str, float]:
        """A step, or a batch of predictions."""
        if self.settings.task == "training":
            return {name: float(loss) for name, loss in self.train_step(self.batch).items()}
        return {"mean": float(self.model.probabilities(self.levels).mean())}


class PeerUNet(Side):
    """The PyTorch implementation."""

    def __init__(self, settings: UNetSettings) -> None:
        import torch

        from benchmarks.pytorch_unet import PyTorchSegmentation

        self.imported_bytes = resident_bytes()
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.peer = PyTorchSegmentation(CHANNELS, settings.width, settings.precision == "mixed_bfloat16")
        self.levels = torch.from_numpy(settings.grey_levels()).movedim(-1, 1)
        self.images = self.levels.float() / 127.5 - 1.0
        self.masks = (self.images > 0.0).float()

    def iterate(self) -> dict[str, float]:
        """A step, or a batch of predictions."""
        if self.settings.task == "training":
            return {"bce": self.peer.step(self.images, self.masks)}
        return {"mean": float(self.peer.probabilities(self.levels.float() / 127.5 - 1.0).numpy().mean())}


SIDES: dict[str, Callable[[UNetSettings], Side]] = {"ours": OurUNet, "peer": PeerUNet}


if __name__ == "__main__":
    serve(SIDES[sys.argv[1]](UNetSettings(**json.loads(sys.argv[2]))))
