import numpy as np
import pytest
from scipy import ndimage

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.metrics.speckle import speckle_distance, speckle_statistics


def texture(seed, count=4, size=256, axial=1.0, lateral=1.0, deviation=20.0):
    """Gaussian noise whose autocorrelation is `exp(-lag^2 / (4 sigma^2))` along each axis."""
    values = np.random.default_rng(seed).normal(size=(count, size, size))
    values = ndimage.gaussian_filter(values, (0, axial, lateral), mode="wrap")
    values *= deviation / values.std()
    return np.clip(np.rint(128 + values), 0, 255).astype(np.uint8)[..., None]


def test_fully_developed_speckle_has_the_contrast_of_rayleigh_statistics():
    amplitude = np.random.default_rng(0).rayleigh(40.0, size=(4, 256, 256, 1))
    contrast = speckle_statistics(np.clip(np.rint(amplitude), 0, 255).astype(np.uint8))[:, 0]
    np.testing.assert_allclose(contrast, np.sqrt(4 / np.pi - 1), rtol=0.02)


def test_correlation_lengths_are_the_half_widths_of_the_autocorrelation():
    found = speckle_statistics(texture(0, axial=1.0, lateral=2.0)).mean(axis=0)
    # exp(-lag^2 / (4 sigma^2)) = 1/2 at 2 sigma sqrt(ln 2).
    assert found[1:] == pytest.approx([2 * np.sqrt(np.log(2)), 4 * np.sqrt(np.log(2))], rel=0.06)


def test_white_noise_is_correlated_over_half_a_pixel():
    found = speckle_statistics(texture(1, axial=0.0, lateral=0.0)).mean(axis=0)
    assert found[1:] == pytest.approx([0.5, 0.5], abs=0.01)


def test_lateral_is_along_rows_and_axial_along_columns():
    images = texture(2, axial=1.0, lateral=2.5)
    contrast, axial, lateral = speckle_statistics(images).T
    turned = speckle_statistics(images.swapaxes(1, 2)).T
    np.testing.assert_allclose(turned, [contrast, lateral, axial], rtol=1e-9)


def test_a_period_that_windows_cannot_hold_is_half_a_window():
    ramp = np.broadcast_to(np.arange(64, 192, dtype=np.uint8)[None, :], (64, 128))
    assert speckle_statistics(ramp[None, :, :, None])[0, 1] == 4.0


def test_black_margins_do_not_count():
    inside = texture(3)
    framed = np.zeros_like(inside)
    framed[:, 64:, 64:] = inside[:, 64:, 64:]
    np.testing.assert_allclose(speckle_statistics(framed), speckle_statistics(inside), rtol=0.05)


def test_an_image_without_texture_or_light_has_none():
    flat = np.full((1, 64, 64, 1), 90, np.uint8)
    assert speckle_statistics(np.concatenate([flat, 0 * flat])).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_the_distance_is_a_shift_in_standard_deviations():
    real = np.random.default_rng(0).normal(size=(50, 3))
    assert speckle_distance(real, real) == 0.0
    assert speckle_distance(real, real + [2.0, -1.0, 0.0] * real.std(axis=0)) == pytest.approx(1.0)


def test_the_distance_grows_with_blur():
    real = speckle_statistics(texture(0, 12, 64))
    others = [speckle_statistics(texture(1, 12, 64, axial=blur, lateral=blur)) for blur in (1.0, 1.3, 1.8)]
    values = [speckle_distance(real, other) for other in others]
    assert values == sorted(values)


def test_real_images_without_spread_and_tiny_ones_are_refused():
    flat = np.linspace(20, 200, 4).astype(np.uint8)[:, None, None, None] * np.ones((1, 16, 16, 1), np.uint8)
    for real in (np.ones((4, 3)), speckle_statistics(flat), np.ones((4, 3)) + [[1e-12], [0.0], [0.0], [0.0]]):
        with pytest.raises(UserError, match="leave speckle out of --metrics"):
            speckle_distance(real, np.ones((4, 3)))
    with pytest.raises(UserError, match="at least 8 pixels, got 6"):
        speckle_statistics(np.zeros((1, 6, 64, 1), np.uint8))
