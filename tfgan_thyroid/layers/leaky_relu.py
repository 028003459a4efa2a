"""LeakyReLU that remembers its output alone, for both derivatives."""

from typing import Any

import keras
import tensorflow as tf


def leaky_relu(inputs: tf.Tensor, slope: float, dtype: str = "float32") -> tf.Tensor:
    """`tf.nn.leaky_relu`, computed in float32.

    The output has the input's sign, which is all that a derivative asks for. TensorFlow's own operation keeps its input
    for that; this one keeps the output, which the next layer keeps anyway, so that one map of each stage is freed.

    Args:
        inputs: of a floating type.
        slope: below zero, positive.
        dtype: of the output.

    Returns:
        The same shape.
    """

    @tf.custom_gradient
    def activate(inputs: tf.Tensor) -> tuple[tf.Tensor, Any]:
        outputs = tf.cast(tf.nn.leaky_relu(tf.cast(inputs, tf.float32), slope), dtype)
        return outputs, lambda upstream: _scaled_by_slope(upstream, outputs, slope, inputs.dtype)

    return activate(inputs)


def _scaled_by_slope(upstream: tf.Tensor, outputs: tf.Tensor, slope: float, dtype: tf.DType) -> tf.Tensor:
    """`upstream` where the outputs are positive, `slope` times it elsewhere: its derivative is the same once more."""

    @tf.custom_gradient
    def scale(upstream: tf.Tensor) -> tuple[tf.Tensor, Any]:
        # In float32: in bfloat16 this takes fourteen times as long. Not before it is needed: the cast would wait in
        # memory, from the forward pass on, for its turn.
        with tf.control_dependencies([upstream]):
            features = tf.cast(outputs, tf.float32)
        scaled = tf.raw_ops.LeakyReluGrad(gradients=tf.cast(upstream, tf.float32), features=features, alpha=slope)
        return tf.cast(scaled, dtype), lambda second: _scaled_by_slope(second, outputs, slope, upstream.dtype)

    return scale(upstream)


@keras.saving.register_keras_serializable("tfgan_thyroid")
class LeakyReLU(keras.layers.Layer):
    """`leaky_relu` as a layer, whose output is of the layer's compute type.

    Args:
        slope: below zero, positive.

    Call arguments:
        inputs: of any shape and floating type; returns the same shape.
    """

    def __init__(self, slope: float, **kwargs: Any) -> None:
        super().__init__(autocast=False, **kwargs)
        self.slope = slope

    def call(self, inputs):
        return leaky_relu(inputs, self.slope, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self):
        return {**super().get_config(), "slope": self.slope}
