"""The generator as it is served: the trained function, its arithmetic arranged for speed on a processor."""

from pathlib import Path
from typing import NamedTuple

import keras
import tensorflow as tf

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.layers.batch_normalization import BatchNormalization, folded_normalization
from tfgan_thyroid.layers.latent_noise import LatentNoise, latent_noise
from tfgan_thyroid.layers.upsampling import UpsampleConv2D, box_kernel, sum_boxes

SMALL_MAP = 16
"""Pixels a side up to which an up-convolution is one matrix product; its kernel is far larger than its map there."""

KNOWN_LAYERS = (
    keras.layers.InputLayer,
    keras.layers.Dense,
    keras.layers.Reshape,
    BatchNormalization,
    keras.layers.ReLU,
    UpsampleConv2D,
    LatentNoise,
    keras.layers.Conv2D,
    keras.layers.Activation,
)
"""The layers of `build_generator` and `build_smooth_generator`.

A known layer in another place or form is found by the comparison of an export.
"""


class InferenceGenerator(tf.Module):
    """A trained generator for inference alone.

    Batch normalization is folded into the kernels. A small map is up-convolved by one matrix product with the 3x3
    kernel and sums of its nine results: its kernel, which then costs most, is read once as it is stored.

    Args:
        generator: of `build_generator` or `build_smooth_generator`, in float32.
        dtype: in which kernels are stored and applied, `float32` or `bfloat16`; biases and images are float32.

    Attributes:
        latent_size: length of a latent vector.
        image_size: height and width in pixels.
        channels: of an image.
    """

    def __init__(self, generator: keras.Model, dtype: str = "float32") -> None:
        super().__init__()
        self.latent_size = int(generator.input_shape[-1])
        self.image_size, self.channels = (int(size) for size in generator.output_shape[-2:])
        first, *others = _folded(generator)
        self._first_kernel = tf.Variable(tf.cast(first.kernel, dtype), trainable=False, name="kernel_0")
        self._first_bias = tf.Variable(first.bias, trainable=False, name="bias_0")
        self._stages = [
            _form(folded, size, number == len(others))(folded, dtype, number)
            for number, (folded, size) in enumerate(zip(others, _sizes(others), strict=True), 1)
        ]

    def __call__(self, latents: tf.Tensor) -> tf.Tensor:
        """Images of latents.

        Args:
            latents: float32 `[N, latent_size]`.

        Returns:
            float32 `[N, H, W, C]` in [-1, 1].
        """
        filters = self._first_bias.shape[0]
        maps = tf.matmul(tf.cast(latents, self._first_kernel.dtype), self._first_kernel)
        maps = _shifted(tf.reshape(maps, [-1, 4, 4, filters]), self._first_bias)
        for stage in self._stages:
            maps = stage(tf.nn.relu(maps), latents)
        return tf.tanh(tf.cast(maps, tf.float32))


class _Folded(NamedTuple):
    """A layer with the noise and the batch normalization behind it, if any, applied to its numbers in float32.

    Attributes:
        layer: that was trained.
        kernel: as the layer keeps it.
        bias: `[filters]`.
        noise: of the layer, if any, with the weight of each channel.
    """

    layer: keras.layers.Layer
    kernel: tf.Tensor
    bias: tf.Tensor
    noise: tuple[int, tf.Tensor] | None = None


class _Stage(tf.Module):
    """A convolution, its bias and its noise."""

    def __init__(self, folded: _Folded, dtype: str, number: int) -> None:
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
        return _shifted(maps, self._bias)

    def _arranged(self, folded: _Folded) -> tf.Tensor:
        return folded.kernel

    def _convolved(self, maps: tf.Tensor) -> tf.Tensor:
        return tf.nn.conv2d(maps, self._kernel, 1, "SAME")


class _Taps(_Stage):
    """Nearest x2 and a 3x3 convolution, as one matrix product and shifted sums.

    Along one axis, output 2i of the up-sampled signal sums tap 0 of input i - 1 and taps 1 and 2 of input i; output
    2i + 1 sums taps 0 and 1 of input i and tap 2 of input i + 1.
    """

    def _arranged(self, folded: _Folded) -> tf.Tensor:
        inputs, filters = folded.kernel.shape[2:]
        return tf.reshape(tf.transpose(folded.kernel, [2, 0, 1, 3]), [inputs, 9 * filters])

    def _convolved(self, maps: tf.Tensor) -> tf.Tensor:
        size, inputs, filters = maps.shape[1], maps.shape[3], self._bias.shape[0]
        products = tf.matmul(tf.reshape(maps, [-1, inputs]), self._kernel)
        rows = tf.reshape(products, [-1, size, size, 3, 3 * filters])
        rows = tf.reshape(_interleaved(rows, axis=1), [-1, 2 * size, size, 3, filters])
        return tf.reshape(_interleaved(rows, axis=2), [-1, 2 * size, 2 * size, filters])


class _Transposed(_Stage):
    """Upsampling x2 and a 3x3 convolution, as a transposed convolution and sums over boxes."""

    def __init__(self, folded: _Folded, dtype: str, number: int) -> None:
        super().__init__(folded, dtype, number)
        self._smooth = folded.layer.smooth

    def _arranged(self, folded: _Folded) -> tf.Tensor:
        return box_kernel(folded.kernel)

    def _convolved(self, maps: tf.Tensor) -> tf.Tensor:
        return sum_boxes(maps, self._kernel, self._smooth)


def _form(folded: _Folded, size: int, last: bool) -> type[_Stage]:
    """The fastest form of a layer that sees maps of that many pixels a side."""
    if not isinstance(folded.layer, UpsampleConv2D):
        return _Stage
    small = not folded.layer.smooth and (size <= SMALL_MAP or last)
    return _Taps if small else _Transposed


def _sizes(layers: list[_Folded]) -> list[int]:
    """Pixels a side of the maps that each layer sees."""
    doublings = [isinstance(folded.layer, UpsampleConv2D) for folded in layers]
    return [4 * 2 ** sum(doublings[:number]) for number in range(len(layers))]


def _interleaved(products: tf.Tensor, axis: int) -> tf.Tensor:
    """The sums of the three taps `[N, H, W, 3, C]` along an axis: outputs 2i and 2i + 1 stacked behind it."""
    first, middle, last = tf.unstack(products, axis=3)
    size = products.shape[axis]
    before, after = [[0, 0] for _ in range(4)], [[0, 0] for _ in range(4)]
    before[axis], after[axis] = [1, 0], [0, 1]
    from_before = tf.pad(tf.gather(first, tf.range(size - 1), axis=axis), before)
    from_after = tf.pad(tf.gather(last, tf.range(1, size), axis=axis), after)
    return tf.stack([from_before + middle + last, first + middle + from_after], axis=axis + 1)


def _shifted(maps: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    return tf.nn.bias_add(maps, tf.cast(bias, maps.dtype))


def _folded(generator: keras.Model) -> list[_Folded]:
    """The dense layer and the convolutions of a generator, in their order.

    Raises:
        UserError: there is a layer of a kind that this form does not know.
    """
    found: list[_Folded] = []
    for layer in generator.layers:
        if type(layer) not in KNOWN_LAYERS:
            known = ", ".join(kind.__name__ for kind in KNOWN_LAYERS)
            raise UserError(
                f"the inference form of the generator does not know layer {layer.name!r} of type "
                f"{type(layer).__name__} (it knows {known}): teach it in {Path(__file__).name} before this model is "
                "exported or generates"
            )
        if isinstance(layer, (keras.layers.Dense, UpsampleConv2D, keras.layers.Conv2D)):
            kernel = tf.convert_to_tensor(layer.kernel)
            found.append(_Folded(layer, kernel, tf.zeros(kernel.shape[-1:])))
        elif isinstance(layer, LatentNoise):
            found[-1] = found[-1]._replace(noise=(layer.stream, tf.convert_to_tensor(layer.scale)))
        elif isinstance(layer, BatchNormalization):
            found[-1] = _normalized(found[-1], layer)
    return found


def _normalized(folded: _Folded, norm: BatchNormalization) -> _Folded:
    scale, shift = folded_normalization(norm)
    # A dense layer's outputs are 4x4 pixels of as many channels.
    whole = tf.tile(scale, [folded.kernel.shape[-1] // scale.shape[0]])
    noise = folded.noise and (folded.noise[0], folded.noise[1] * scale)
    return folded._replace(kernel=folded.kernel * whole, bias=shift, noise=noise)
