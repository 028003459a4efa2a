"""Distance between the power spectra of real and generated images: is there as much detail at each size?

Convolutional generators leave high frequencies too weak, and a critic alone does not mend that (Durall et al. 2020,
"Watch your Up-Convolution", which compares azimuthally averaged spectra as well). In ultrasound it
shows as soft speckle.
"""

import numpy as np
import tensorflow as tf

SMALLEST_POWER = (2.0 / 255.0) ** 2 / 12.0
"""What rounding to 8 bits would add at every frequency, in the [-1, 1] range."""


def mean_power_spectrum(images: tf.Tensor) -> tf.Tensor:
    """Power by spatial frequency, mean over the batch: `metrics.power_spectrum` as a differentiable function.

    Each channel, less its mean, under a Hann window; the squared magnitude of its Fourier transform over the window's
    energy, averaged over rings of one cycle per side.

    Args:
        images: float32 `[N, S, S, C]` in [-1, 1].

    Returns:
        float32 `[C, S / 2]`: at 1, 2, ..., S / 2 cycles per side.
    """
    size = int(images.shape[1])
    window = tf.constant(np.outer(np.hanning(size), np.hanning(size)), tf.float32)
    planes = tf.transpose(images, [0, 3, 1, 2])
    level = tf.reduce_sum(planes * window, axis=[2, 3], keepdims=True) / tf.reduce_sum(window)
    coefficients = tf.signal.rfft2d((planes - level) * window)
    powers = tf.reduce_mean(tf.square(tf.math.real(coefficients)) + tf.square(tf.math.imag(coefficients)), axis=0)
    flat = tf.reshape(powers, [images.shape[3], -1]) / tf.reduce_sum(tf.square(window))
    return tf.matmul(flat, _ring_means(size), transpose_b=True)


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


def _ring_means(size: int) -> tf.Tensor:
    """The matrix `[size / 2, coefficients]` that averages those of `rfft2d` over each ring."""
    frequencies = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :]) * size
    # All but the first and the last column stand for their mirror image, too.
    weights = np.where(np.arange(size // 2 + 1) % (size // 2) == 0, 1.0, 2.0)
    rings = np.rint(frequencies)[None] == np.arange(1, size // 2 + 1)[:, None, None]
    means = (rings * weights).reshape(size // 2, -1)
    return tf.constant(means / means.sum(axis=1, keepdims=True), tf.float32)
