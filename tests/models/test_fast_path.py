"""What is arranged for speed computes what its plain form computes: losses over 20 iterations, in float32.

Adam as one operation has a test of its own: it rounds 1 - beta otherwise than Keras, in the fifth digit of a step.
"""

import numpy as np
import tensorflow as tf

from tfgan_thyroid.layers import strided_convolution, upsampling
from tfgan_thyroid.models.registry import build_model

ITERATIONS = 20


def plain_upsampling(images, kernel, smooth):
    assert not smooth
    return tf.nn.conv2d(tf.repeat(tf.repeat(images, 2, axis=1), 2, axis=2), kernel, strides=1, padding="SAME")


def plain_strided_convolution(images, kernel):
    return tf.nn.conv2d(images, kernel, strides=2, padding="SAME")


def losses(config):
    model = build_model(config)
    step = tf.function(model.train_step)
    shape = [model.real_batches, config.batch_size, config.image_size, config.image_size, config.channels]
    batches = [tf.random.stateless_uniform(shape, [7, number], -1.0, 1.0) for number in range(ITERATIONS)]
    rows = [{name: float(value) for name, value in step(batch).items()} for batch in batches]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def test_losses_of_twenty_iterations_equal_those_of_the_plain_form(tiny_config, monkeypatch):
    # 32 pixels: 4x4 and 8x8 maps go different ways through the up-convolution. Adam divides by the root of a squared
    # gradient: where that is near nothing, an epsilon of 1e-8 makes whole steps of what rounding left.
    config = tiny_config.replace(image_size=32, adam_epsilon=1e-3)
    fast = losses(config)
    monkeypatch.setattr(upsampling, "upsample_convolution", plain_upsampling)
    monkeypatch.setattr(strided_convolution, "strided_convolution", plain_strided_convolution)
    plain = losses(config)
    assert fast.keys() == plain.keys()
    for name in plain:
        # Float32 keeps 6e-8; sums of up to a thousand terms and 20 updates that build on each other lie between.
        np.testing.assert_allclose(fast[name], plain[name], rtol=1e-5, atol=1e-5, err_msg=name)
