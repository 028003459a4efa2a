"""Distance between the power spectra of real and generated images: is there as much detail at each size?

Convolutional generators leave high frequencies too weak, and a critic alone does not mend that (Durall et al. 2020,
"Watch your Up-Convolution", which compares azimuthally averaged spectra as well). In ultrasound it
shows as soft speckle.
"""

import numpy as np
import tensorflow as tf

from tfgan_thyroid.metrics.power_spectrum import QUANTIZATION_POWER, frequency_rings

SMALLEST_POWER = 4.0 * QUANTIZATION_POWER
"""What rounding to 8 bits would add at every frequency; the metric looks at [0, 1], the loss at [-1, 1]."""


def mean_power_spectrum(images: tf.Tensor) -> tf.Tensor:
    """Power by spatial frequency, mean over the batch: `metrics.power_spectrum`, differentiable and for each channel.

    Each channel, less its mean, under a Hann window; the squared magnitude of its Fourier transform over the window's
    energy, averaged over rings of one cycle per side.

    Args:
        images: float32 `[N, S, S, C]` in [-1, 1].

    Returns:
        float32 `[C, S / 2]`: at 1, 2, ..., S / 2 cycles per side.
    """
    size = int(images.shape[1])
    window = np.outer(np.hanning(size), np.hanning(size)).astype(np.float32)
    planes = tf.transpose(images, [0, 3, 1, 2])
    level = tf.reduce_sum(planes * window, axis=[2, 3], keepdims=True) / window.sum()
    coefficients = tf.signal.rfft2d((planes - level) * window)
    powers = tf.reduce_mean(tf.square(tf.math.real(coefficients)) + tf.square(tf.math.imag(coefficients)), axis=0)
    rings, weights = frequency_rings(size, size)
    weighted = tf.reshape(powers, [images.shape[3], -1]) * tf.constant(weights, tf.float32)
    sums = tf.math.unsorted_segment_sum(tf.transpose(weighted), rings, int(rings.max()) + 1)[1 : size // 2 + 1]
    per_ring = np.bincount(rings, weights)[1 : size // 2 + 1] * np.sum(np.square(window))
    return tf.transpose(sums) / tf.constant(per_ring, tf.float32)


def spectral_loss(real_power: tf.Tensor, generated_power: tf.Tensor) -> tf.Tensor:
    """Mean over channels and frequencies of `|ln(P_real / P_generated)|`; 0 for equal ones, 0.69 for half the power.

    Args:
        real_power: float32 `[C, R]`, as `mean_power_spectrum` makes it.
        generated_power: the same.

    Returns:
        A scalar of at least 0.
    """
    ratio = (real_power + SMALLEST_POWER) / (generated_power + SMALLEST_POWER)
    return tf.reduce_mean(tf.abs(tf.math.log(ratio)))
