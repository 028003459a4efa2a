"""Upsampling x2 and a 3x3 convolution in one step, at a quarter of the multiplications."""

import keras
import numpy as np
import tensorflow as tf

SMALL_MAP_PIXELS = 16
"""Pixels up to which an up-convolution is a matrix product; its kernel is far larger than its map there."""

REPEATED = (1.0, 1.0)
"""Weights, along one axis, of the filter behind the insertion of zeros that repeats each pixel."""
SMOOTH = (0.25, 0.75, 0.75, 0.25)
"""The filter of smooth upsampling, [1 3 3 1] / 4: 2x2 blocks leave no trace (Karras et al. 2020, StyleGAN2)."""


def upsample_convolution(inputs: tf.Tensor, kernel: tf.Tensor, smooth: bool = False) -> tf.Tensor:
    """`tf.nn.conv2d` with `SAME` padding of the inputs repeated twice along both axes, or smoothly interpolated.

    Repeating is the insertion of zeros followed by sums over 2x2 boxes; in smooth upsampling, by weighted sums over
    4x4. The sums commute with the convolution, which then meets the zeros, and skips them: a transposed convolution of
    stride 2 by the 3x3 kernel, then the sums. That is 9 multiplications for each input pixel and pair of channels
    instead of 36. What smooth upsampling makes just outside the frame, of inputs that are zero there, counts.

    Args:
        inputs: `[N, H, W, C]`, H and W known.
        kernel: `[3, 3, C, F]`, as for `tf.nn.conv2d`.
        smooth: interpolates instead of repeating.

    Returns:
        `[N, 2H, 2W, F]`.
    """
    if int(inputs.shape[1]) * int(inputs.shape[2]) <= SMALL_MAP_PIXELS:
        return _by_products(inputs, kernel, smooth)
    return sum_boxes(inputs, box_kernel(kernel), smooth)


def box_kernel(kernel: tf.Tensor) -> tf.Tensor:
    """The kernel of `sum_boxes`, flipped as a transposed convolution wants it: `[3, 3, F, C]` of `[3, 3, C, F]`."""
    return tf.transpose(tf.reverse(kernel, axis=[0, 1]), [0, 1, 3, 2])


def sum_boxes(inputs: tf.Tensor, kernel: tf.Tensor, smooth: bool = False) -> tf.Tensor:
    """The transposed convolution of stride 2, then the sums: `[N, 2H, 2W, F]` of `[N, H, W, C]` and a `box_kernel`."""
    height, width = (int(size) for size in inputs.shape[1:3])
    filters = int(kernel.shape[2])
    shape = [tf.shape(inputs)[0], 2 * height + 1, 2 * width + 1, filters]
    maps = tf.nn.conv2d_transpose(inputs, kernel, shape, 2, "VALID")
    weights = SMOOTH if smooth else REPEATED
    box = np.tile(np.outer(weights, weights)[:, :, np.newaxis, np.newaxis], [1, 1, filters, 1])
    if smooth:  # zeros of its own: oneDNN ends the process where explicit padding meets a bias behind it
        maps = tf.pad(maps, [[0, 0], [1, 1], [1, 1], [0, 0]])
    return tf.nn.depthwise_conv2d(maps, tf.constant(box, maps.dtype), [1] * 4, "VALID")


def _by_products(inputs: tf.Tensor, kernel: tf.Tensor, smooth: bool) -> tf.Tensor:
    """The products of each pixel with the nine kernels, then their sums in each output pixel: two matrix products.

    The kernel is used as it is stored, and so is its gradient.
    """
    height, width, channels = (int(size) for size in inputs.shape[1:])
    filters = int(kernel.shape[-1])
    pixels = tf.reshape(inputs, [1, -1, channels])
    products = tf.matmul(pixels, tf.reshape(kernel, [9, channels, filters]))
    by_image = tf.transpose(tf.reshape(products, [9, -1, height * width, filters]), [1, 0, 2, 3])
    sums = np.einsum("yai,xbj->yxabij", _taps_of_pixels(height, smooth), _taps_of_pixels(width, smooth))
    outputs = tf.matmul(
        tf.constant(sums.reshape(4 * height * width, -1), inputs.dtype),
        tf.reshape(by_image, [-1, 9 * height * width, filters]),
    )
    return tf.reshape(outputs, [-1, 2 * height, 2 * width, filters])


def _taps_of_pixels(size: int, smooth: bool) -> np.ndarray:
    """Along one axis, what output y sums: `[2 * size, 3, size]`, the weight with which tap a meets input i."""
    weights = np.array(SMOOTH if smooth else REPEATED)
    outputs, taps, pixels = np.ogrid[: 2 * size, :3, :size]
    place = outputs + taps - 1 - 2 * pixels + len(weights) // 2 - 1  # in the filter
    return np.where((place >= 0) & (place < len(weights)), weights[np.clip(place, 0, len(weights) - 1)], 0.0)


@keras.saving.register_keras_serializable("tfgan_thyroid")
class UpsampleConv2D(keras.layers.Layer):
    """Doubles height and width and convolves with a 3x3 kernel, without bias.

    The trained parameter is the 3x3 kernel of the paper's generator; the arithmetic is `upsample_convolution`.

    Args:
        filters: number of output channels.
        kernel_initializer: initial value of the `[3, 3, in, filters]` kernel.
        smooth: interpolates with [1 3 3 1] / 4 along each axis; by default each pixel is repeated, as in the paper.

    Call arguments:
        inputs: `[N, H, W, C]`; returns `[N, 2H, 2W, filters]`.
    """

    def __init__(
        self, filters: int, kernel_initializer: str | keras.initializers.Initializer, smooth: bool = False, **kwargs
    ):
        super().__init__(**kwargs)
        self.filters = filters
        self.smooth = smooth
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        shape = (3, 3, int(input_shape[-1]), self.filters)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=self.kernel_initializer)
        super().build(input_shape)

    def call(self, inputs):
        return upsample_convolution(inputs, tf.cast(self.kernel, inputs.dtype), self.smooth)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        batch, height, width, _ = input_shape
        return (batch, height and 2 * height, width and 2 * width, self.filters)

    def get_config(self):
        config = super().get_config()
        initializer = keras.initializers.serialize(self.kernel_initializer)
        own = {"filters": self.filters, "kernel_initializer": initializer, "smooth": self.smooth}
        return {**config, **own}
