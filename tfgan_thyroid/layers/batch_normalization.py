"""Batch normalization by the global batch, and for a critic one whose second derivative is right.

Under several replicas, mean and variance are those of all replicas' examples together, as in one process.
"""

import math
from typing import Any

import keras
import tensorflow as tf

from tfgan_thyroid import replicas
from tfgan_thyroid.layers.instance_normalization import EPSILON
from tfgan_thyroid.layers.latent_noise import LatentNoise

MEASURED_PIXELS = 2**20
"""Pixels of a map that its statistics are measured on: 256 examples at 64x64."""
LEAST_EXAMPLES = 64
"""Of which they are measured in any case."""
NORMALIZED_AT_ONCE = 16
"""Channels that oneDNN normalizes together."""


def normalization_dtype(filters: int, dtype: str) -> str:
    """The policy of a batch normalization of that many channels, in a network of the policy `dtype`.

    Sums are float32 in any case. oneDNN has fast code for maps in bfloat16 whose channels are a multiple of 16; others
    take several times as long as in float32.
    """
    return dtype if filters % NORMALIZED_AT_ONCE == 0 else "float32"


def folded_normalization(norm: keras.layers.BatchNormalization) -> tuple[tf.Tensor, tf.Tensor]:
    """What a batch normalization does after training: a scale and a shift of each channel, both float32 `[C]`."""
    mean, variance = tf.convert_to_tensor(norm.moving_mean), tf.convert_to_tensor(norm.moving_variance)
    scale = tf.convert_to_tensor(norm.gamma) * tf.math.rsqrt(variance + norm.epsilon)
    return scale, tf.convert_to_tensor(norm.beta) - mean * scale


def normalize_batch(inputs: tf.Tensor, epsilon: float = EPSILON) -> tf.Tensor:
    """Gives each channel zero mean and unit variance over the batch and, in an image, its pixels.

    Written out for the reason given in `normalize_instances`. Keras 3's layer, and that of Keras 2.15 on vectors and
    in float64, stand on `tf.nn.moments`; only Keras 2.15's fused kernel differentiates twice as it should.

    Args:
        inputs: `[N, C]` or `[N, H, W, C]` of a floating type.
        epsilon: added to the variance.

    Returns:
        The same shape and type.
    """
    mean, variance = _batch_moments(inputs)
    return (inputs - mean) * tf.math.rsqrt(variance + epsilon)


def _batch_moments(inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Mean and (biased) variance of each channel over the global batch, in the shape of one pixel of one image."""
    axes = list(range(len(inputs.shape) - 1))
    mean = replicas.mean(tf.reduce_mean(inputs, axis=axes, keepdims=True))
    return mean, replicas.mean(tf.reduce_mean(tf.square(inputs - mean), axis=axes, keepdims=True))


def measure_batch_statistics(network: keras.Model, inputs: tf.Tensor) -> None:
    """Sets the moving statistics of each batch normalization to those of its own inputs, layer after layer.

    Weights that are an average of many iterations' (Izmailov et al. 2018, section 3.2), or that have seen inputs of
    several kinds in turn, have statistics that no moving average gives (for GANs: Brock et al. 2019, section 4.1,
    "standing statistics").

    Large maps are measured on the first examples alone, at least `LEAST_EXAMPLES`, so that memory stays bounded: what
    they lack in examples they have in pixels.

    Args:
        network: a chain of layers, at least one of them a `BatchNormalization`; a `LatentNoise` in it sees the
            network's inputs, too.
        inputs: what the network is used on, `[N, ...]`, all in one batch.
    """
    latents, layers = inputs, [layer for layer in network.layers if not isinstance(layer, keras.layers.InputLayer)]
    last = max(i for i, layer in enumerate(layers) if isinstance(layer, BatchNormalization))
    for layer in layers[: last + 1]:
        pixels = math.prod(inputs.shape[1:-1])
        inputs = inputs[: max(LEAST_EXAMPLES, MEASURED_PIXELS // pixels)]
        if isinstance(layer, BatchNormalization):
            mean, variance = tf.nn.moments(tf.cast(inputs, tf.float32), list(range(len(inputs.shape) - 1)))
            layer.moving_mean.assign(mean)
            layer.moving_variance.assign(variance)
        takes_latents = isinstance(layer, LatentNoise)
        inputs = layer([inputs, latents[: len(inputs)]] if takes_latents else inputs, training=False)


@keras.saving.register_keras_serializable("tfgan_thyroid")
class CriticBatchNormalization(keras.layers.Layer):
    """`normalize_batch`, then a scale and a shift for each channel, which start at 1 and 0.

    It keeps no moving statistics: a critic is used in training alone, and there batch normalization goes by the batch.
    Give it `dtype="float32"` under mixed precision.

    Call arguments:
        inputs: `[N, C]` or `[N, H, W, C]`; returns the same shape.
    """

    def build(self, input_shape):
        shape = (int(input_shape[-1]),)
        self.gamma = self.add_weight(name="gamma", shape=shape, initializer="ones")
        self.beta = self.add_weight(name="beta", shape=shape, initializer="zeros")
        super().build(input_shape)

    def call(self, inputs):
        return normalize_batch(inputs) * self.gamma + self.beta

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape


@keras.saving.register_keras_serializable("tfgan_thyroid")
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras's layer, but by the global batch: batch and moving statistics are those of a single process.

    With one replica it is Keras's layer to the bit. Keras's own `synchronized=True` reads the variance off the mean
    square, and its moving statistics differ from those of one process (Keras 2.15), or do not train (Keras 3).
    """

    def add_weight(self, *args: Any, **kwargs: Any) -> Any:
        """As in Keras, without its way to keep other moving statistics on each replica: here they are the same."""
        kwargs.pop("synchronization", None)
        return super().add_weight(*args, **kwargs)

    def call(self, inputs, training=None, mask=None):
        if not training or replicas.count() == 1:
            return super().call(inputs, training=training, mask=mask)
        own_dtype, inputs = inputs.dtype, tf.cast(inputs, tf.float32)
        mean, variance = _batch_moments(inputs)
        tf.distribute.get_replica_context().merge_call(self._update_moving_statistics, args=(mean, variance, inputs))
        outputs = (inputs - mean) * (tf.math.rsqrt(variance + self.epsilon) * self.gamma) + self.beta
        return tf.cast(outputs, own_dtype)

    def _update_moving_statistics(self, strategy: tf.distribute.Strategy, mean, variance, inputs) -> None:
        """Once for all replicas, whose statistics are the same."""
        mean, variance, inputs = (strategy.experimental_local_results(part)[0] for part in (mean, variance, inputs))
        if getattr(self, "fused", False):
            # The fused kernel of Keras 2.15 keeps the unbiased variance.
            examples = tf.cast(tf.size(inputs) // tf.size(mean) * strategy.num_replicas_in_sync, variance.dtype)
            variance *= examples / (examples - 1.0)
        for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + tf.reshape(value, [-1]) * (1.0 - self.momentum))
