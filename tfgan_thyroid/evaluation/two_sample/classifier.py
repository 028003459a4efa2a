"""Trains the two-sample test's network, as often as asked, and scores images with it; every draw is stateless."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_thyroid.models.fused_adam import FusedAdam
from tfgan_thyroid.networks.scan_classifier import scan_classifier_body

EPOCHS = 20
BATCH = 32
SCORING_BATCH = 256
LEARNING_RATE = 1e-3
DROPOUT = 0.3
LABEL_SMOOTHING = 0.05
SHIFT = 0.06  # largest shift, as a share of the side
BLACK = -1.0


class ScanClassifier:
    """One network for images of one size, pixels a side, trained anew by each `fit`; its graph is traced once."""

    def __init__(self, image_size: int) -> None:
        self.image_size = image_size
        self.body = scan_classifier_body(image_size)
        self.head = keras.layers.Dense(1)
        self.head.build(self.body.output_shape)
        self.variables = [*self.body.trainable_variables, *self.head.trainable_variables]
        self.optimizer = FusedAdam(LEARNING_RATE)
        self.optimizer.build(self.variables)
        self._start = [np.asarray(weight) for weight in self.body.get_weights() + self.head.get_weights()]
        images = tf.TensorSpec([None, image_size, image_size, 1], tf.float32)
        labels, seed = tf.TensorSpec([None, 1], tf.float32), tf.TensorSpec([2], tf.int64)
        self._train = tf.function(self._train_step, input_signature=[images, labels, seed])
        self._score = tf.function(self._logits, input_signature=[images])

    def fit(self, scans: np.ndarray, generated: np.ndarray, seed: int, epochs: int = EPOCHS) -> None:
        """Learns to give scans high scores and generated images low ones, from random initial weights.

        Args:
            scans: float32 `[N, S, S, 1]` in [-1, 1].
            generated: float32 `[M, S, S, 1]`.
            seed: of the initial weights, the order of the images and what happens to them.
            epochs: passes over the images.
        """
        self._reset(np.random.default_rng([seed, 0]))
        images = np.concatenate([scans, generated])
        labels = np.concatenate([np.ones((len(scans), 1)), np.zeros((len(generated), 1))]).astype(np.float32)
        order, step = np.random.default_rng([seed, 1]), 0
        for _ in range(epochs):
            shuffled = order.permutation(len(images))
            for start in range(0, len(images), BATCH):
                rows = shuffled[start : start + BATCH]
                self._train(images[rows], labels[rows], np.array([seed, step], np.int64))
                step += 1

    def scores(self, images: np.ndarray) -> np.ndarray:
        """Logits that images, float32 `[N, S, S, 1]` in [-1, 1], are scans: float64 `[N]`."""
        parts = [images[start : start + SCORING_BATCH] for start in range(0, len(images), SCORING_BATCH)]
        return np.concatenate([self._score(part).numpy()[:, 0] for part in parts]).astype(np.float64)

    def _reset(self, rng: np.random.Generator) -> None:
        """Kernels as Glorot & Bengio (2010) draw them; all else, Adam's state too, as it was built."""
        weights = []
        for start in self._start:
            if start.ndim > 1:
                fans = start.shape[-2] * np.prod(start.shape[:-2]), start.shape[-1] * np.prod(start.shape[:-2])
                limit = np.sqrt(6.0 / sum(fans))
                start = rng.uniform(-limit, limit, start.shape).astype(np.float32)
            weights.append(start)
        self.body.set_weights(weights[:-2])
        self.head.set_weights(weights[-2:])
        for variable in self.optimizer.variables:
            if "learning_rate" not in variable.name:
                variable.assign(variable * 0)

    def _train_step(self, images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> None:
        flip_seed, shift_seed, drop_seed = tf.unstack(tf.random.experimental.stateless_split(seed, 3))
        images = _shift(_flip(images, flip_seed), shift_seed)
        smoothed = labels * (1.0 - LABEL_SMOOTHING) + 0.5 * LABEL_SMOOTHING
        with tf.GradientTape() as tape:
            found = self.body(images, training=True)
            kept = tf.random.stateless_uniform(tf.shape(found), drop_seed) >= DROPOUT
            logits = self.head(tf.where(kept, found / (1.0 - DROPOUT), tf.zeros_like(found)))
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(smoothed, logits))
        gradients = tape.gradient(loss, self.variables)
        self.optimizer.apply_gradients(zip(gradients, self.variables, strict=True))

    def _logits(self, images: tf.Tensor) -> tf.Tensor:
        return self.head(self.body(images, training=False))


def _flip(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Mirrors each image or not."""
    mirrored = tf.random.stateless_uniform([tf.shape(images)[0], 1, 1, 1], seed) < 0.5
    return tf.where(mirrored, tf.reverse(images, axis=[2]), images)


def _shift(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Shifts each image by parts of pixels, bilinearly; what comes in is black."""
    count, side = tf.shape(images)[0], images.shape[1]
    shift = tf.random.stateless_uniform([count, 2], seed, -SHIFT * side, SHIFT * side)
    one, zero = tf.ones([count]), tf.zeros([count])
    transforms = tf.stack([one, zero, shift[:, 0], zero, one, shift[:, 1], zero, zero], axis=1)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=tf.constant([side, side]),
        fill_value=BLACK,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )
