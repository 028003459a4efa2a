"""The U-Net as it is applied after training: batch normalization folded into the convolutions in front of it."""

import keras
import tensorflow as tf

from tfgan_thyroid.layers.batch_normalization import folded_normalization


def infer_logits(unet: keras.Model, images: tf.Tensor) -> tf.Tensor:
    """The logits of `unet(images, training=False)`, its arithmetic arranged for speed.

    With moving statistics a batch normalization is linear, channel by channel: the convolution applies it, by a kernel
    that is scaled in float32 and a bias. In mixed precision no map is cast to float32 and back on its way.

    Args:
        unet: of `build_unet`; its weights are read each time, so that a network may be trained on in between.
        images: float32 `[N, H, W, C]` in [-1, 1].

    Returns:
        float32 logits `[N, H, W, 1]`.
    """
    layers = unet.layers[1:]  # without the input
    features, skipped = images, []
    for layer, following in zip(layers, [*layers[1:], None], strict=True):
        if isinstance(following, keras.layers.BatchNormalization):
            features = _normalized_convolution(layer, following, features)
        elif isinstance(layer, keras.layers.MaxPooling2D):
            skipped.append(features)
            features = layer(features)
        elif isinstance(layer, keras.layers.Concatenate):
            features = layer([skipped.pop(), features])
        elif not isinstance(layer, keras.layers.BatchNormalization):
            features = layer(features)
    return features


def _normalized_convolution(
    convolution: keras.layers.Conv2D, norm: keras.layers.BatchNormalization, features: tf.Tensor
) -> tf.Tensor:
    scale, bias = folded_normalization(norm)
    kernel = tf.convert_to_tensor(convolution.kernel) * scale
    dtype = convolution.compute_dtype
    maps = tf.nn.conv2d(tf.cast(features, dtype), tf.cast(kernel, dtype), strides=1, padding="SAME")
    return tf.nn.bias_add(maps, tf.cast(bias, dtype))
