"""A U-Net with its loss, its optimizer and its schedule."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_thyroid.data.preprocessing import scale_to_unit_range
from tfgan_thyroid.models.fused_adam import FusedAdam
from tfgan_thyroid.segmentation.config import SegmentationConfig
from tfgan_thyroid.segmentation.inference import infer_logits
from tfgan_thyroid.segmentation.losses import bce_loss, dice_loss, segmentation_loss
from tfgan_thyroid.segmentation.network import build_unet

PREDICTION_BATCH = 16
THRESHOLD = 0.5
"""Of the probability from which a pixel counts as foreground."""


class SegmentationModel(keras.Model):
    """Trains a U-Net by Adam, whose learning rate falls in steps after a number of epochs.

    Attributes:
        config: as given.
        steps_per_epoch: as given.
        iteration: int64 variable, the number of finished steps.
        unet: the network, from images to logits.
        schedule: the learning rate by step.
        loss_sums: the losses of the epoch's finished steps, added up in the order of `LOSSES`; part of the state, so
            that a resumed epoch logs the same means.
    """

    LOSSES = ("segmentation_loss", "bce", "dice_loss")

    def __init__(self, config: SegmentationConfig, steps_per_epoch: int) -> None:
        super().__init__(name="segmentation_model")
        self.config = config
        self.steps_per_epoch = steps_per_epoch
        self.iteration = tf.Variable(0, dtype=tf.int64, trainable=False, name="iteration")
        self.loss_sums = tf.Variable(tf.zeros([len(self.LOSSES)]), trainable=False, name="loss_sums")
        c = config
        self.unet = build_unet(c.image_size, c.channels, c.width, c.precision, c.seed)
        self.schedule = keras.optimizers.schedules.ExponentialDecay(
            c.learning_rate, c.decay_every * steps_per_epoch, c.decay_rate, staircase=True
        )
        # One for each model: TensorFlow warns of retracing where models share a decorated method.
        self._predict = tf.function(self._probabilities, reduce_retracing=True)

    @property
    def networks(self) -> dict[str, keras.Model]:
        """The U-Net, by its name."""
        return {"unet": self.unet}

    @property
    def metrics(self) -> list:
        """None: `train_step` returns the losses of that very step, not running means."""
        return []

    @property
    def epoch(self) -> int:
        """The number of finished epochs."""
        return int(self.iteration.numpy()) // self.steps_per_epoch

    def compile(self) -> None:
        """Makes the optimizer and builds it on the network's variables."""
        super().compile(jit_compile=False)
        c = self.config
        self.adam = FusedAdam(self.schedule, c.beta_1, c.beta_2, c.adam_epsilon)
        self.adam.build(self.unet.trainable_variables)
        self(tf.zeros([1, c.image_size, c.image_size, c.channels]))

    def call(self, images: tf.Tensor) -> tf.Tensor:
        """Probabilities of foreground `[N, H, W, 1]` for images in [-1, 1], by the moving statistics."""
        return tf.sigmoid(infer_logits(self.unet, images))

    def train_step(self, examples: tuple[tf.Tensor, ...]) -> dict[str, tf.Tensor]:
        """One step of Adam; returns the losses of this step by the names of `LOSSES`.

        Args:
            examples: images, float32 `[N, H, W, C]` in [-1, 1]; masks, float32 `[N, H, W, 1]`, the probability of
                foreground; and, where not all count alike, weights, float32 `[N]`.
        """
        images, masks, weights = keras.utils.unpack_x_y_sample_weight(examples)
        with tf.GradientTape() as tape:
            logits = self.unet(images, training=True)
            bce, dice = bce_loss(masks, logits, weights), dice_loss(masks, logits, weights)
            loss = segmentation_loss(self.config.loss, bce, dice)
        variables = self.unet.trainable_variables
        self.adam.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        losses = tf.stack([loss, bce, dice])
        is_first = self.iteration % self.steps_per_epoch == 0
        self.loss_sums.assign(tf.where(is_first, losses, self.loss_sums + losses))
        self.iteration.assign_add(1)
        return dict(zip(self.LOSSES, (loss, bce, dice), strict=True))

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Probabilities of foreground for images as they are stored, uint8: float32 `[N, H, W, 1]` in [0, 1]."""
        parts = range(0, len(images), PREDICTION_BATCH)
        return np.concatenate([self._predict(images[i : i + PREDICTION_BATCH]).numpy() for i in parts])

    def predict_masks(self, images: np.ndarray) -> np.ndarray:
        """Masks for images as they are stored: bool `[N, H, W]`."""
        return self.probabilities(images)[..., 0] >= THRESHOLD

    def _probabilities(self, images: tf.Tensor) -> tf.Tensor:
        return self(scale_to_unit_range(tf.cast(images, tf.float32)))

    def state(self) -> dict[str, tf.__internal__.tracking.Trackable]:
        """Everything that a resumed run needs, by name, for `tf.train.Checkpoint`."""
        return {"iteration": self.iteration, "loss_sums": self.loss_sums, **self.networks, "adam": self.adam}


def build_segmentation_model(config: SegmentationConfig, steps_per_epoch: int) -> SegmentationModel:
    """The model, compiled and with its initial weights."""
    model = SegmentationModel(config, steps_per_epoch)
    model.compile()
    return model
