import math

import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.losses.spectral import SMALLEST_POWER, mean_power_spectrum, spectral_loss
from tfgan_thyroid.metrics.power_spectrum import radial_power_spectra


def noise(size=16, channels=1, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (4, size, size, channels), dtype=np.uint8)


@pytest.mark.parametrize("size", [8, 16, 64])
def test_the_spectrum_is_the_metrics_on_the_same_images(size):
    images = noise(size)
    # The metric looks at [0, 1], half of the range here: a quarter of the power.
    expected = 4.0 * radial_power_spectra(images).mean(axis=0)
    scaled = tf.constant(images / 127.5 - 1.0, tf.float32)
    np.testing.assert_allclose(mean_power_spectrum(scaled)[0], expected, rtol=1e-4)


def test_each_channel_has_a_spectrum_of_its_own():
    images = tf.constant(noise(channels=2) / 127.5 - 1.0, tf.float32)
    apart = [mean_power_spectrum(images[..., i : i + 1])[0] for i in range(2)]
    np.testing.assert_allclose(mean_power_spectrum(images), apart, rtol=1e-5)


def test_half_the_power_everywhere_is_the_logarithm_of_two():
    power = mean_power_spectrum(tf.constant(noise() / 127.5 - 1.0, tf.float32))
    half = (power + SMALLEST_POWER) / 2.0 - SMALLEST_POWER
    assert float(spectral_loss(power, half)) == pytest.approx(math.log(2.0), rel=1e-5)
    assert float(spectral_loss(half, power)) == pytest.approx(math.log(2.0), rel=1e-5)
    assert float(spectral_loss(power, power)) == 0.0


def test_a_constant_image_has_finite_loss_and_gradient():
    power = mean_power_spectrum(tf.constant(noise() / 127.5 - 1.0, tf.float32))
    images = tf.zeros([2, 16, 16, 1])
    with tf.GradientTape() as tape:
        tape.watch(images)
        loss = spectral_loss(power, mean_power_spectrum(images))
    assert np.isfinite(float(loss))
    assert np.isfinite(tape.gradient(loss, images).numpy()).all()


def test_its_gradient_sharpens_what_is_too_soft():
    sharp = tf.constant(noise() / 127.5 - 1.0, tf.float32)
    soft = 0.5 * sharp
    with tf.GradientTape() as tape:
        tape.watch(soft)
        loss = spectral_loss(mean_power_spectrum(sharp), mean_power_spectrum(soft))
    better = soft - 0.5 * tape.gradient(loss, soft)
    assert float(spectral_loss(mean_power_spectrum(sharp), mean_power_spectrum(better))) < float(loss)
