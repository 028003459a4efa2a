"""The physics of a B-mode picture: tissue maps in, 8-bit grey levels out.

Scatterers are a complex Gaussian field (many per resolution cell, at random sub-wavelength depths) weighted by the
backscatter of the tissue. They are convolved with a point-spread function that widens laterally with depth, weakened
by attenuation and shadows, lifted by time gain, envelope-detected, compounded and log-compressed.

Sources: Wagner et al., "Statistics of speckle in ultrasound B-scans", IEEE Trans. Sonics Ultrason. 30(3), 1983
(Rayleigh envelope, mean / standard deviation = 1.91, and the autocovariance); Goodman, "Speckle Phenomena in Optics".
"""

import functools
import math
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from tfgan_thyroid.phantoms.config import Map, PhantomConfig

# The envelope's autocovariance is close to the squared field autocorrelation, exp(-x^2 / (2 s^2)) for a Gaussian
# point-spread function of standard deviation s: its full width at half maximum is 2.355 s.
_FWHM_PER_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))
# Sub-apertures of a compounded image lie this far apart in lateral frequency, in units of 1 / s. Neighbouring looks
# then correlate by exp(-1.2^2 / 2) in the field and 0.24 in the envelope.
_LOOK_SPACING = 1.7
# Share of its loss that a node hands, each step down, to the nodes two columns to either side: a spread of 1.4 mm
# (standard deviation) 10 mm behind an obstacle's edge, as for an aperture of about a third of the depth.
_SPREAD = np.float32(0.25)
# What an obstacle takes away beyond the tissue's own loss; more than that is hidden by noise anyway.
_DEEPEST_SHADOW_DB = np.float32(40.0)
# The grey map is linear up to this fraction of white and bends above, so that bright fasciae do not clip.
_SHOULDER = 0.72


@dataclass(frozen=True)
class TissueMaps:
    """What the scanner insonifies, sampled at every second pixel of the sector: float32 `[rows, columns]` each."""

    backscatter_db: Map  # speckle power relative to thyroid tissue
    attenuation: Map  # one-way loss in dB/(cm MHz): 0.1 for fluid to 1.1 for skin, 20 for air
    specular: Map  # amplitude of coherent reflections (fasciae, vessel walls) relative to thyroid speckle
    clutter_db: Map  # power of reverberations that arrive from there, relative to thyroid tissue at the probe
    pixel_mm: float  # size of one (full-resolution) pixel
    gain_db: Map  # gain that the operator adds at each depth, `[rows, 1]`


def to_pixels(values: Map, config: PhantomConfig) -> Map:
    """Interpolate a map of the tissue grid linearly to `[height_px, sector_width_px]`."""
    rows, columns = values.shape
    tall = np.empty((2 * rows - 1, columns), np.float32)
    tall[::2] = values
    tall[1::2] = 0.5 * (values[:-1] + values[1:])
    full = np.empty((2 * rows - 1, 2 * columns - 1), np.float32)
    full[:, ::2] = tall
    full[:, 1::2] = 0.5 * (tall[:, :-1] + tall[:, 1:])
    return full[: config.height_px, : config.sector_width_px]


def render(maps: TissueMaps, config: PhantomConfig, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The sector as the scanner shows it, uint8 `[height_px, sector_width_px]`."""
    speckle, specular = received_amplitudes(maps, config)
    return log_compress(envelope(speckle, specular, config, rng), config)


def received_amplitudes(maps: TissueMaps, config: PhantomConfig) -> tuple[Map, Map]:
    """Amplitude of speckle and of coherent reflections after losses and time gain, at every pixel.

    Thyroid tissue at the probe has amplitude 1.
    """
    node_cm = 0.2 * maps.pixel_mm
    depth_cm = node_cm * np.arange(len(maps.attenuation), dtype=np.float32)[:, None]
    limit_db = np.float32(config.time_gain_limit_db)
    gain_db = limit_db * np.tanh(np.float32(config.time_gain_db_per_cm) * depth_cm / limit_db) + maps.gain_db
    received_db = gain_db - _loss(np.float32(2.0 * config.frequency_mhz * node_cm) * maps.attenuation)
    power = _power(maps.backscatter_db + received_db) + _power(maps.clutter_db + maps.gain_db)
    power += _power(np.float32(config.noise_floor_db) + gain_db)
    speckle = to_pixels(np.sqrt(power), config)
    specular = to_pixels(maps.specular * _power(0.5 * received_db), config)
    return speckle, specular


def envelope(speckle: Map, specular: Map, config: PhantomConfig, rng: np.random.Generator) -> Map:
    """The detected, compounded envelope.

    Args:
        speckle: root-mean-square amplitude of the incoherent echo, float32 `[height_px, sector_width_px]`.
        specular: amplitude of the coherent echo, same shape.
        config: point-spread function and number of looks.
        rng: source of the scatterers.

    Returns:
        float32 `[height_px, sector_width_px]`; where `speckle` is 1 and `specular` 0 its mean square is 1.
    """
    kernel, transfers, coherent_gain = _point_spread(config)
    field = np.empty(speckle.shape, np.complex64)
    field.real = rng.standard_normal(speckle.shape, dtype=np.float32)
    field.imag = rng.standard_normal(speckle.shape, dtype=np.float32)
    field *= speckle * np.float32(math.sqrt(0.5))
    field += specular / coherent_gain
    field = _filter_axially(field, kernel)
    spectrum = scipy.fft.fft(field, n=transfers.shape[2], axis=1, overwrite_x=True)
    total = np.zeros(speckle.shape, np.float32)
    for transfer in transfers:
        look = scipy.fft.ifft(spectrum * transfer, axis=1, overwrite_x=True)
        total += np.abs(look[:, : speckle.shape[1]])
    return total / np.float32(len(transfers))


def log_compress(amplitude: Map, config: PhantomConfig) -> NDArray[np.uint8]:
    """Map amplitudes (thyroid at the probe = 1) to grey levels over the dynamic range."""
    decibels = 20.0 * np.log10(np.maximum(amplitude, np.float32(1e-6)))
    level = (decibels + np.float32(config.overall_gain_db)) / np.float32(config.dynamic_range_db)
    room = np.float32(1.0 - _SHOULDER)
    over = np.maximum(level - np.float32(_SHOULDER), 0.0)
    level = np.minimum(level, np.float32(_SHOULDER)) + room * (1.0 - np.exp(-over / room))
    return (np.maximum(level, 0.0) * 255.0 + 0.5).astype(np.uint8)


@functools.lru_cache(maxsize=4)
def _point_spread(config: PhantomConfig) -> tuple[Map, Map, Map]:
    """Axial kernel `[taps]`, lateral transfer functions `[looks, rows, frequencies]`, coherent gain `[rows, 1]`.

    Kernels have unit energy, so that they keep the power of the speckle. `coherent_gain` is what they do to a
    reflector that is thick and flat against them.
    """
    axial_sigma = config.axial_speckle_px / _FWHM_PER_SIGMA
    reach = math.ceil(3.0 * axial_sigma)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / axial_sigma) ** 2)
    kernel /= math.sqrt(float(np.sum(kernel**2)))

    near, far = config.lateral_speckle_px
    sigma = np.linspace(near, far, config.height_px)[:, None] / _FWHM_PER_SIGMA
    size = scipy.fft.next_fast_len(config.sector_width_px + 4 * math.ceil(max(near, far)))
    omega = 2.0 * np.pi * scipy.fft.fftfreq(size)[None, :]
    offsets = _LOOK_SPACING * (np.arange(config.compound_looks) - 0.5 * (config.compound_looks - 1))
    transfers = np.stack([np.exp(-0.5 * (sigma * omega - offset) ** 2) for offset in offsets])
    transfers /= np.sqrt(np.mean(transfers**2, axis=2, keepdims=True))
    coherent_gain = np.mean(transfers[:, :, :1], axis=0) * np.sum(kernel)
    return (kernel.astype(np.float32), transfers.astype(np.float32), coherent_gain.astype(np.float32))


def _filter_axially(field: NDArray[np.complex64], kernel: Map) -> NDArray[np.complex64]:
    reach = len(kernel) // 2
    padded = np.pad(field, ((reach, reach), (0, 0)))
    result = kernel[reach] * field
    for step in range(1, reach + 1):
        pair = padded[reach - step : reach - step + len(field)] + padded[reach + step : reach + step + len(field)]
        result += kernel[reach - step] * pair
    return result


def _loss(step_db: Map) -> Map:
    """Round-trip loss at each node from the loss of each step down.

    The aperture sees past the sides of an obstacle, the more the farther behind it: each step spreads the loss a
    little sideways, so that shadows and enhancements have soft edges.
    """
    loss = np.empty_like(step_db)
    usual = np.cumsum(np.median(step_db, axis=1))
    row = np.zeros(step_db.shape[1], np.float32)
    padded = np.empty(len(row) + 4, np.float32)
    for depth, step in enumerate(step_db):
        padded[:2], padded[2:-2], padded[-2:] = row[0], row, row[-1]
        row = _SPREAD * (padded[:-4] + padded[4:]) + (1.0 - 2.0 * _SPREAD) * row + step
        row = np.minimum(row, usual[depth] + _DEEPEST_SHADOW_DB)
        loss[depth] = row
    return loss


def _power(decibels: Map) -> Map:
    return np.exp(np.float32(math.log(10.0) / 10.0) * decibels)
