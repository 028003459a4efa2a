import numpy as np
import pytest
from scipy import ndimage

from tfgan_thyroid.metrics.power_spectrum import radial_power_spectra, spectral_distance


def noise(seed, count=20, size=64, deviation=25.0, blur=0.0):
    values = np.random.default_rng(seed).normal(128.0, deviation, size=(count, size, size, 1))
    values = ndimage.gaussian_filter(values, (0, blur, blur, 0)) if blur else values
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def test_white_noise_has_its_variance_at_every_frequency():
    spectra = radial_power_spectra(noise(0, 200)).mean(axis=0)
    assert spectra.shape == (32,)
    # The mean that is taken out takes part of the lowest; rings of few coefficients scatter more.
    np.testing.assert_allclose(spectra[1:], (25.0**2 + 1 / 12) / 255.0**2, rtol=0.15)
    np.testing.assert_allclose(spectra[8:].mean(), (25.0**2 + 1 / 12) / 255.0**2, rtol=0.01)


@pytest.mark.parametrize("cycles", [4, 11, 25])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_grating_peaks_at_its_frequency(cycles, axis):
    wave = np.rint(128 + 80 * np.cos(2 * np.pi * cycles * np.arange(64) / 64)).astype(np.uint8)
    image = np.broadcast_to(wave[:, None] if axis == 0 else wave[None, :], (64, 64))
    assert radial_power_spectra(image[None, :, :, None])[0].argmax() + 1 == cycles


def test_the_radial_mean_equals_one_over_the_whole_transform():
    image = noise(0, 1, 32)[0, :, :, 0] / 255.0
    window = np.outer(np.hanning(32), np.hanning(32))
    power = np.abs(np.fft.fft2((image - (image * window).sum() / window.sum()) * window)) ** 2 / (window**2).sum()
    radius = np.rint(np.hypot(*np.meshgrid(np.fft.fftfreq(32) * 32, np.fft.fftfreq(32) * 32)))
    expected = [power[radius == ring].mean() for ring in range(1, 17)]
    np.testing.assert_allclose(radial_power_spectra(noise(0, 1, 32))[0], expected, rtol=1e-9)


def test_brightness_does_not_count_and_sides_may_differ():
    image = noise(0, 1)[:, :40]
    np.testing.assert_allclose(radial_power_spectra(image), radial_power_spectra(image + np.uint8(20)), rtol=1e-9)
    assert radial_power_spectra(image).shape == (1, 20)


def test_twice_the_contrast_is_six_decibels():
    spectra = radial_power_spectra(noise(0, deviation=10.0))
    # Powers far above that of rounding, so that its addend does not show.
    assert spectral_distance(spectra * 1e3, spectra * 4e3) == pytest.approx(10 * np.log10(4), abs=1e-3)


def test_identity_symmetry_and_growth_with_blur():
    sharp = radial_power_spectra(noise(0))
    blurred = [radial_power_spectra(noise(0, blur=blur)) for blur in (0.3, 0.6, 1.2)]
    assert spectral_distance(sharp, sharp) == 0.0
    assert spectral_distance(sharp, blurred[0]) == spectral_distance(blurred[0], sharp)
    values = [spectral_distance(sharp, spectra) for spectra in blurred]
    assert values == sorted(values)


def test_flat_images_are_at_a_finite_distance():
    flat = radial_power_spectra(np.full((3, 64, 64, 1), 77, np.uint8))
    assert 10 < spectral_distance(radial_power_spectra(noise(0)), flat) < 100
