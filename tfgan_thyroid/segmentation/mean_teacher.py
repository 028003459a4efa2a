"""Mean Teacher: a U-Net that learns from few labelled and many unlabelled scans (Tarvainen and Valpola, 2017).

The student learns the labels, and to say what the teacher says of the same images under other noise. The teacher's
weights are the average of the student's over the last steps; it is the network that is used afterwards.
"""

import keras
import tensorflow as tf

from tfgan_thyroid.segmentation.config import SegmentationConfig
from tfgan_thyroid.segmentation.inference import infer_logits
from tfgan_thyroid.segmentation.losses import bce_loss, dice_loss, segmentation_loss
from tfgan_thyroid.segmentation.model import SegmentationModel
from tfgan_thyroid.segmentation.network import build_unet

DECAY = 0.99
"""Of the average, at most: after t steps (1 + t) / (10 + t), so that it forgets what the student was at first."""
NOISE = 0.1
"""Standard deviation of what is added to an image in [-1, 1]."""
CONSISTENCY = 10.0
"""Largest weight of the squared difference of probabilities, reached after `RAMP` of the steps."""
RAMP = 0.4


class MeanTeacher(SegmentationModel):
    """As `SegmentationModel`; an example without a label has weight 0, so that its mask counts for nothing."""

    def __init__(self, config: SegmentationConfig, steps_per_epoch: int) -> None:
        super().__init__(config, steps_per_epoch)
        c = config
        self.teacher = build_unet(c.image_size, c.channels, c.width, c.precision, c.seed)
        self.ramp_steps = RAMP * c.epochs * steps_per_epoch

    def call(self, images: tf.Tensor) -> tf.Tensor:
        """The teacher's probabilities of foreground `[N, H, W, 1]` for images in [-1, 1]."""
        return tf.sigmoid(infer_logits(self.teacher, images))

    def train_step(self, examples: tuple[tf.Tensor, ...]) -> dict[str, tf.Tensor]:
        """One step of the student, then one of the teacher's average."""
        images, masks, weights = keras.utils.unpack_x_y_sample_weight(examples)
        student_images, teacher_images = self._noisy(images, 0), self._noisy(images, 1)
        # By the batch's own statistics, as the student sees it; its moving ones are for use afterwards.
        target = tf.sigmoid(self.teacher(teacher_images, training=True))
        with tf.GradientTape() as tape:
            logits = self.unet(student_images, training=True)
            bce, dice = bce_loss(masks, logits, weights), dice_loss(masks, logits, weights)
            difference = tf.reduce_mean(tf.square(tf.sigmoid(logits) - tf.stop_gradient(target)))
            loss = segmentation_loss(self.config.loss, bce, dice) + self._consistency_weight() * difference
        variables = self.unet.trainable_variables
        self.adam.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        step = tf.cast(self.iteration, tf.float32)
        decay = tf.minimum(DECAY, (1.0 + step) / (10.0 + step))
        for average, weight in zip(self.teacher.trainable_variables, variables, strict=True):
            average.assign(decay * average + (1.0 - decay) * weight)
        self.iteration.assign_add(1)
        return dict(zip(self.LOSSES, (loss, bce, dice), strict=True))

    def _noisy(self, images: tf.Tensor, which: int) -> tf.Tensor:
        seed = tf.stack([self.iteration, tf.constant(2 * self.config.seed + which, tf.int64)])
        return images + NOISE * tf.random.stateless_normal(tf.shape(images), seed)

    def _consistency_weight(self) -> tf.Tensor:
        """A bell's rising half, since the teacher knows nothing at first."""
        left = 1.0 - tf.minimum(tf.cast(self.iteration, tf.float32) / self.ramp_steps, 1.0)
        return CONSISTENCY * tf.exp(-5.0 * tf.square(left))
