"""Nearest x2 upsampling and a 3x3 convolution, computed as one transposed convolution."""

import keras
import tensorflow as tf


def fold_upsampling(kernel: tf.Tensor) -> tf.Tensor:
    """The 4x4 transposed-convolution kernel that does nearest x2 upsampling and `kernel` in one step.

    Along one axis the up-sampled signal repeats each input twice, so output 2i sees (w0, w1 + w2) and output 2i + 1
    sees (w0 + w1, w2): four taps, which are the flipped kernel summed over a window of two. Both axes together sum
    the flipped kernel over the 2x2 box.

    Args:
        kernel: `[3, 3, in, out]`, as for `tf.nn.conv2d`.

    Returns:
        `[4, 4, out, in]`, as for `tf.nn.conv2d_transpose` with stride 2 and `SAME` padding.
    """
    flipped = tf.transpose(tf.reverse(kernel, axis=[0, 1]), [0, 1, 3, 2])
    rows = tf.pad(flipped, [[0, 1], [0, 0], [0, 0], [0, 0]]) + tf.pad(flipped, [[1, 0], [0, 0], [0, 0], [0, 0]])
    return tf.pad(rows, [[0, 0], [0, 1], [0, 0], [0, 0]]) + tf.pad(rows, [[0, 0], [1, 0], [0, 0], [0, 0]])


@keras.saving.register_keras_serializable("tfgan_thyroid")
class UpsampleConv2D(keras.layers.Layer):
    """Doubles height and width (nearest neighbour) and convolves with a 3x3 kernel, without bias.

    The trained parameter is the 3x3 kernel of the paper's generator; the arithmetic is that of `fold_upsampling`,
    which needs 16 instead of 36 multiplications for each input pixel and pair of channels.

    Args:
        filters: number of output channels.
        kernel_initializer: initial value of the `[3, 3, in, filters]` kernel.

    Call arguments:
        inputs: `[N, H, W, C]`; returns `[N, 2H, 2W, filters]`.
    """

    def __init__(self, filters: int, kernel_initializer: str | keras.initializers.Initializer, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        shape = (3, 3, int(input_shape[-1]), self.filters)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=self.kernel_initializer)
        super().build(input_shape)

    def call(self, inputs):
        batch, height, width = tf.unstack(tf.shape(inputs)[:3])
        kernel = fold_upsampling(tf.cast(self.kernel, inputs.dtype))
        shape = [batch, 2 * height, 2 * width, self.filters]
        outputs = tf.nn.conv2d_transpose(inputs, kernel, shape, strides=2, padding="SAME")
        outputs.set_shape(self.compute_output_shape(inputs.shape))
        return outputs

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        batch, height, width, _ = input_shape
        return (batch, height and 2 * height, width and 2 * width, self.filters)

    def get_config(self):
        config = super().get_config()
        initializer = keras.initializers.serialize(self.kernel_initializer)
        return {**config, "filters": self.filters, "kernel_initializer": initializer}
