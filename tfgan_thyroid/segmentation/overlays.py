"""Predicted against reference masks, drawn over the scans in colours that colour-blind readers tell apart."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_thyroid.callbacks.image_grids import image_grid
from tfgan_thyroid.segmentation.examples import SegmentationExamples

# Okabe & Ito (2008).
TRUE_POSITIVE = (0, 158, 115)  # bluish green
FALSE_POSITIVE = (230, 159, 0)  # orange
FALSE_NEGATIVE = (86, 180, 233)  # sky blue
OPACITY = 0.55

SHOWN = 16


def overlay(image: np.ndarray, reference: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """A uint8 image `[H, W]` with what was found rightly, found wrongly, and missed: uint8 `[H, W, 3]`."""
    colours = np.repeat(image[:, :, None].astype(np.float64), 3, axis=-1)
    kinds = (
        (reference & predicted, TRUE_POSITIVE),
        (predicted & ~reference, FALSE_POSITIVE),
        (reference & ~predicted, FALSE_NEGATIVE),
    )
    for where, colour in kinds:
        colours[where] = (1.0 - OPACITY) * colours[where] + OPACITY * np.array(colour)
    return np.rint(colours).astype(np.uint8)


class SegmentationOverlays(keras.callbacks.Callback):
    """Draws overlays in TensorBoard every `overlay_every` epochs and after the last one."""

    def __init__(self, writer: tf.summary.SummaryWriter, examples: SegmentationExamples) -> None:
        super().__init__()
        self.writer = writer
        self.examples = examples.select(range(min(SHOWN, len(examples))))

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Draws when due."""
        model = self.model
        if int(model.iteration.numpy()) % model.steps_per_epoch:
            return
        if model.epoch % model.config.overlay_every == 0 or model.epoch == model.config.epochs:
            predicted = model.predict_masks(self.examples.images)
            shown = zip(self.examples.images[..., 0], self.examples.masks[..., 0], predicted, strict=True)
            grid = image_grid(np.stack([overlay(*example) for example in shown]))
            with self.writer.as_default(step=model.epoch):
                tf.summary.image("overlays", grid[None])
