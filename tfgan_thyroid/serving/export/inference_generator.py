"""The generator as it is served: the trained function, its arithmetic arranged for speed on a processor."""

from pathlib import Path

import keras
import tensorflow as tf

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.layers.batch_normalization import BatchNormalization, folded_normalization
from tfgan_thyroid.layers.upsampling import UpsampleConv2D, box_kernel, sum_boxes

SMALL_MAP = 16
"""Pixels a side up to which an up-convolution is one matrix product; its kernel is far larger than its map there."""

KNOWN_LAYERS = (
    keras.layers.Dense,
    keras.layers.Reshape,
    BatchNormalization,
    keras.layers.ReLU,
    UpsampleConv2D,
    keras.layers.Activation,
)
"""The layers of `build_generator`. A known layer in another place or form is found by the comparison of an export."""


class InferenceGenerator(tf.Module):
    """A trained generator for inference alone.

    Batch normalization is folded into the kernels. A small map is up-convolved by one matrix product with the 3x3
    kernel and sums of its nine results: its kernel, which then costs most, is read once as it is stored.

    Args:
        generator: of `build_generator`, in float32.
        dtype: in which kernels are stored and applied, `float32` or `bfloat16`; biases and images are float32.

    Attributes:
        latent_size: length of a latent vector.
        image_size: height and width in pixels.
        channels: of an image.
    """

    def __init__(self, generator: keras.Sequential, dtype: str = "float32") -> None:
        super().__init__()
        self.latent_size = int(generator.input_shape[-1])
        self.image_size, self.channels = (int(size) for size in generator.output_shape[-2:])
        first, *others = _folded_kernels(generator)
        self._first_kernel = tf.Variable(tf.cast(first[0], dtype), trainable=False, name="kernel_0")
        self._first_bias = tf.Variable(first[1], trainable=False, name="bias_0")
        self._stages = []
        for number, (kernel, bias) in enumerate(others, 1):
            small = 4 * 2 ** (number - 1) <= SMALL_MAP or number == len(others)
            self._stages.append((_Taps if small else _Transposed)(kernel, bias, dtype, number))

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
            maps = stage(tf.nn.relu(maps))
        return tf.tanh(tf.cast(maps, tf.float32))


class _Taps(tf.Module):
    """Nearest x2 and a 3x3 convolution, as one matrix product and shifted sums.

    Along one axis, output 2i of the up-sampled signal sums tap 0 of input i - 1 and taps 1 and 2 of input i; output
    2i + 1 sums taps 0 and 1 of input i and tap 2 of input i + 1.
    """

    def __init__(self, kernel: tf.Tensor, bias: tf.Tensor, dtype: str, number: int) -> None:
        super().__init__()
        inputs, self._filters = kernel.shape[2:]
        matrix = tf.reshape(tf.transpose(kernel, [2, 0, 1, 3]), [inputs, 9 * self._filters])
        self._matrix = tf.Variable(tf.cast(matrix, dtype), trainable=False, name=f"kernel_{number}")
        self._bias = tf.Variable(bias, trainable=False, name=f"bias_{number}")

    def __call__(self, maps: tf.Tensor) -> tf.Tensor:
        size, inputs, filters = maps.shape[1], maps.shape[3], self._filters
        products = tf.matmul(tf.reshape(tf.cast(maps, self._matrix.dtype), [-1, inputs]), self._matrix)
        rows = tf.reshape(products, [-1, size, size, 3, 3 * filters])
        rows = tf.reshape(_interleaved(rows, axis=1), [-1, 2 * size, size, 3, filters])
        return _shifted(tf.reshape(_interleaved(rows, axis=2), [-1, 2 * size, 2 * size, filters]), self._bias)


class _Transposed(tf.Module):
    """Nearest x2 and a 3x3 convolution, as a transposed convolution and sums of 2x2 boxes."""

    def __init__(self, kernel: tf.Tensor, bias: tf.Tensor, dtype: str, number: int) -> None:
        super().__init__()
        self._kernel = tf.Variable(tf.cast(box_kernel(kernel), dtype), trainable=False, name=f"kernel_{number}")
        self._bias = tf.Variable(bias, trainable=False, name=f"bias_{number}")

    def __call__(self, maps: tf.Tensor) -> tf.Tensor:
        return _shifted(sum_boxes(tf.cast(maps, self._kernel.dtype), self._kernel), self._bias)


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


def _folded_kernels(generator: keras.Sequential) -> list[tuple[tf.Tensor, tf.Tensor]]:
    """The kernel and bias of each layer with the batch normalization behind it, if any, applied to them in float32.

    Raises:
        UserError: there is a layer of a kind that this form does not know.
    """
    found: list[tuple[tf.Tensor, tf.Tensor]] = []
    for layer in generator.layers:
        if type(layer) not in KNOWN_LAYERS:
            known = ", ".join(kind.__name__ for kind in KNOWN_LAYERS)
            raise UserError(
                f"the inference form of the generator does not know layer {layer.name!r} of type "
                f"{type(layer).__name__} (it knows {known}): teach it in {Path(__file__).name} before this model is "
                "exported or generates"
            )
        if isinstance(layer, (keras.layers.Dense, UpsampleConv2D)):
            kernel = tf.convert_to_tensor(layer.kernel)
            found.append((kernel, tf.zeros(kernel.shape[-1:])))
        elif isinstance(layer, BatchNormalization):
            kernel, _ = found[-1]
            scale, shift = folded_normalization(layer)
            # A dense layer's outputs are 4x4 pixels of as many channels.
            whole = tf.tile(scale, [kernel.shape[-1] // scale.shape[0]])
            found[-1] = (kernel * whole, shift)
    return found
