"""The layers of the inference form of a generator: each in the form that is fastest on a processor."""

from typing import NamedTuple

import keras
import tensorflow as tf

from tfgan_thyroid.layers.latent_noise import latent_noise
from tfgan_thyroid.layers.upsampling import UpsampleConv2D, box_kernel, sum_boxes

SMALL_MAP = 16
"""Pixels a side up to which an up-convolution is one matrix product; its kernel is far larger than its map there."""


class Folded(NamedTuple):
    """A trained layer with the noise and the batch normalization behind it, if any, applied to its float32 numbers."""

    layer: keras.layers.Layer
    kernel: tf.Tensor  # as the layer keeps it
    bias: tf.Tensor  # `[filters]`
    noise: tuple[int, tf.Tensor] | None = None  # its stream, and the weight of each channel


class Stage(tf.Module):
    """A convolution, its bias and its noise."""

    def __init__(self, folded: Folded, dtype: str, number: int) -> None:
        super().__init__()
        self._kernel = tf.Variable(tf.cast(self._arranged(folded), dtype), trainable=False, name=f"kernel_{number}")
        self._bias = tf.Variable(folded.bias, trainable=False, name=f"bias_{number}")
        self._stream: int | None = None
        if folded.noise is not None:
            self._stream, weights = folded.noise
            self._weights = tf.Variable(weights, trainable=False, name=f"noise_{number}")

    def __call__(self, maps: tf.Tensor, latents: tf.Tensor) -> tf.Tensor:
        maps = self._convolved(tf.cast(maps, self._kernel.dtype))
        if self._stream is not None:
            maps += tf.cast(latent_noise(latents, maps.shape[1], self._stream) * self._weights, maps.dtype)
        return shifted(maps, self._bias)

    def _arranged(self, folded: Folded) -> tf.Tensor:
        return folded.kernel

    def _convolved(self, maps: tf.Tensor) -> tf.Tensor:
        return tf.nn.conv2d(maps, self._kernel, 1, "SAME")


class _Taps(Stage):
    """Nearest x2 and a 3x3 convolution, as one matrix product and shifted sums.

    Along one axis, output 2i of the up-sampled signal sums tap 0 of input i - 1 and taps 1 and 2 of input i; output
    2i + 1 sums taps 0 and 1 of input i and tap 2 of input i + 1.
    """

    def _arranged(self, folded: Folded) -> tf.Tensor:
        inputs, filters = folded.kernel.shape[2:]
        return tf.reshape(tf.transpose(folded.kernel, [2, 0, 1, 3]), [inputs, 9 * filters])

    def _convolved(self, maps: tf.Tensor) -> tf.Tensor:
        size, inputs, filters = maps.shape[1], maps.shape[3], self._bias.shape[0]
        products = tf.matmul(tf.reshape(maps, [-1, inputs]), self._kernel)
        rows = tf.reshape(products, [-1, size, size, 3, 3 * filters])
        rows = tf.reshape(_interleaved(rows, axis=1), [-1, 2 * size, size, 3, filters])
        return tf.reshape(_interleaved(rows, axis=2), [-1, 2 * size, 2 * size, filters])


class _Transposed(Stage):
    """Upsampling x2 and a 3x3 convolution, as a transposed convolution and sums over boxes."""

    def __init__(self, folded: Folded, dtype: str, number: int) -> None:
        super().__init__(folded, dtype, number)
        self._smooth = folded.layer.smooth

    def _arranged(self, folded: Folded) -> tf.Tensor:
        return box_kernel(folded.kernel)

    def _convolved(self, maps: tf.Tensor) -> tf.Tensor:
        return sum_boxes(maps, self._kernel, self._smooth)


def stage_form(folded: Folded, size: int, last: bool) -> type[Stage]:
    """The fastest form of a layer that sees maps of that many pixels a side."""
    if not isinstance(folded.layer, UpsampleConv2D):
        return Stage
    small = not folded.layer.smooth and (size <= SMALL_MAP or last)
    return _Taps if small else _Transposed


def _interleaved(products: tf.Tensor, axis: int) -> tf.Tensor:
    """The sums of the three taps `[N, H, W, 3, C]` along an axis: outputs 2i and 2i + 1 stacked behind it."""
    first, middle, last = tf.unstack(products, axis=3)
    size = products.shape[axis]
    before, after = [[0, 0] for _ in range(4)], [[0, 0] for _ in range(4)]
    before[axis], after[axis] = [1, 0], [0, 1]
    from_before = tf.pad(tf.gather(first, tf.range(size - 1), axis=axis), before)
    from_after = tf.pad(tf.gather(last, tf.range(1, size), axis=axis), after)
    return tf.stack([from_before + middle + last, first + middle + from_after], axis=axis + 1)


def shifted(maps: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    """Maps `[N, H, W, C]` with a bias `[C]` added, in the type of the maps."""
    return tf.nn.bias_add(maps, tf.cast(bias, maps.dtype))
