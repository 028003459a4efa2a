"""The physics of the simulated scanner against closed forms."""

import math

import numpy as np
import pytest

from tfgan_thyroid.phantoms.config import Map, PhantomConfig
from tfgan_thyroid.phantoms.imaging import TissueMaps, envelope, log_compress, received_amplitudes, to_pixels

ONE_LOOK = PhantomConfig(compound_looks=1)
SILENT = PhantomConfig(noise_floor_db=-300.0)


def homogeneous(config: PhantomConfig, seed: int = 0) -> Map:
    even = np.ones((config.height_px, config.sector_width_px), np.float32)
    return envelope(even, np.zeros_like(even), config, np.random.default_rng(seed))


def uniform_maps(config: PhantomConfig, attenuation: float) -> TissueMaps:
    shape = config.height_px // 2 + 1, config.sector_width_px // 2 + 1
    return TissueMaps(
        backscatter_db=np.zeros(shape, np.float32),
        attenuation=np.full(shape, attenuation, np.float32),
        specular=np.zeros(shape, np.float32),
        clutter_db=np.full(shape, -300.0, np.float32),
        pixel_mm=0.05,
        gain_db=np.zeros((shape[0], 1), np.float32),
    )


def full_width_at_half_maximum(values: Map, axis: int) -> float:
    """Width of the autocovariance along one axis, in pixels, from the power spectrum."""
    spectrum = np.abs(np.fft.rfft2(values - values.mean())) ** 2
    covariance = np.fft.irfft2(spectrum, values.shape)
    along = covariance[:, 0] if axis == 0 else covariance[0]
    along = along[:60] / along[0]
    after = int(np.argmax(along < 0.5))
    return 2.0 * (after - 1 + (along[after - 1] - 0.5) / (along[after - 1] - along[after]))


def test_one_look_gives_fully_developed_rayleigh_speckle():
    echo = homogeneous(ONE_LOOK)
    # One resolution cell covers 2 pi s_lateral s_axial = 20 pixels, so 38,000 are independent. The relative standard
    # errors of mean and standard deviation are then 0.003 and 0.004 (Rayleigh kurtosis 3.245): 0.03 is four of them.
    assert echo.mean() / echo.std() == pytest.approx(math.sqrt(math.pi / (4.0 - math.pi)), abs=0.03)
    assert np.mean(echo**2) == pytest.approx(1.0, abs=0.02)


def test_each_quantile_of_the_envelope_is_that_of_a_rayleigh_distribution():
    echo = homogeneous(ONE_LOOK, seed=1)
    shares = np.array([0.1, 0.5, 0.9, 0.99])
    expected = np.sqrt(-np.log1p(-shares))
    np.testing.assert_allclose(np.quantile(echo, shares), expected, rtol=0.03)


def test_compounding_looks_smooths_speckle_by_nearly_the_square_root_of_their_number():
    three = homogeneous(PhantomConfig(compound_looks=3))
    gain = three.mean() / three.std() / math.sqrt(math.pi / (4.0 - math.pi))
    assert 0.85 * math.sqrt(3.0) < gain < math.sqrt(3.0)


@pytest.mark.parametrize("config", [ONE_LOOK, PhantomConfig()], ids=["one look", "default"])
def test_speckle_is_5_to_7_pixels_wide_and_2_to_4_deep_and_widens_with_depth(config: PhantomConfig):
    echo = homogeneous(config)
    near, far = echo[:220], echo[-220:]
    lateral_near, lateral_far = full_width_at_half_maximum(near, 1), full_width_at_half_maximum(far, 1)
    assert 5.0 <= lateral_near < lateral_far - 0.5
    assert lateral_far <= 7.0
    for part in (near, far):
        assert 2.0 <= full_width_at_half_maximum(part, 0) <= 4.0


def test_a_flat_reflector_keeps_its_amplitude():
    specular = np.full((ONE_LOOK.height_px, ONE_LOOK.sector_width_px), 2.0, np.float32)
    echo = envelope(np.zeros_like(specular), specular, PhantomConfig(), np.random.default_rng(0))
    np.testing.assert_allclose(echo[20:-20, 20:-20], 2.0, rtol=1e-3)


def test_tissue_fades_by_attenuation_less_time_gain():
    attenuation = 0.6
    speckle, _ = received_amplitudes(uniform_maps(SILENT, attenuation), SILENT)
    depth_cm = 0.005 * 600
    limit = SILENT.time_gain_limit_db
    gain = limit * math.tanh(SILENT.time_gain_db_per_cm * depth_cm / limit)
    loss = 2.0 * SILENT.frequency_mhz * attenuation * depth_cm
    # The loss of a node is counted from its upper side: up to one node, 0.12 dB, of difference.
    assert 20.0 * math.log10(speckle[600, 400]) == pytest.approx(gain - loss, abs=0.13)


def test_what_lies_behind_fluid_is_brighter_by_the_attenuation_saved():
    maps = uniform_maps(SILENT, 0.6)
    maps.attenuation[100:200, 120:320] = 0.1
    speckle, _ = received_amplitudes(maps, SILENT)
    behind, aside = speckle[420, 440], speckle[420, 30]
    saved_db = 2.0 * SILENT.frequency_mhz * 0.5 * (100 * 0.01)
    assert 20.0 * math.log10(behind / aside) == pytest.approx(saved_db, abs=0.1)


def test_a_shadow_is_deep_in_its_middle_and_soft_at_its_edges():
    maps = uniform_maps(SILENT, 0.6)
    maps.attenuation[100:120, 150:290] = 20.0
    shadow_db = 20.0 * np.log10(received_amplitudes(maps, SILENT)[0][400])
    lit, middle = shadow_db[20], shadow_db[440]
    assert middle < lit - 30.0
    half_lit = np.flatnonzero((shadow_db < lit - 3.0) & (shadow_db > middle + 3.0))
    assert 20 <= np.sum(half_lit < 440) <= 120  # 1 to 6 mm of penumbra at either side
    assert np.all(np.diff(shadow_db[20:440]) <= 1e-3)


def test_log_compression_maps_decibels_linearly_below_the_shoulder():
    config = PhantomConfig(dynamic_range_db=60.0, overall_gain_db=30.0)
    amplitudes = 10.0 ** (np.array([[-40.0, -30.0, -15.0, 0.0, 10.0]], np.float32) / 20.0)
    assert log_compress(amplitudes, config).tolist() == [[0, 0, 64, 128, 170]]


def test_log_compression_never_clips_what_a_scan_can_hold():
    levels = log_compress(10.0 ** (np.linspace(-80.0, 60.0, 500, dtype=np.float32)[None] / 20.0), PhantomConfig())[0]
    assert np.all(np.diff(levels.astype(int)) >= 0)
    assert levels[0] == 0
    assert levels.max() < 255


def test_maps_are_interpolated_linearly_to_odd_and_even_sizes():
    for config in (PhantomConfig(), PhantomConfig(height_px=100, width_px=130, sector_left_px=30)):
        rows, columns = config.height_px // 2 + 1, config.sector_width_px // 2 + 1
        ramp = (2.0 * np.arange(rows)[:, None] + 6.0 * np.arange(columns)[None, :]).astype(np.float32)
        expected = np.arange(config.height_px)[:, None] + 3.0 * np.arange(config.sector_width_px)[None, :]
        np.testing.assert_allclose(to_pixels(ramp, config), expected)
