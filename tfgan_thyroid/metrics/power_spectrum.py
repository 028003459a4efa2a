"""Radial power spectrum: how much detail an image holds at each size, whatever its direction."""

import numpy as np

from tfgan_thyroid.metrics.draws import Draw, ImageSet

# What rounding to 8 bits adds to every frequency: power below it cannot be seen.
QUANTIZATION_POWER = 1.0 / (12.0 * 255.0**2)

IMAGES_AT_ONCE = 16


def radial_power_spectra(images: np.ndarray) -> np.ndarray:
    """Power of each image by spatial frequency.

    Definition: the mean over the channels, in [0, 1], less its mean, under a Hann window; the squared magnitude of its
    Fourier transform over the window's energy, averaged over rings of one cycle per shorter side. White noise of
    variance v has power v at every frequency but the lowest, part of which goes with the mean.

    Args:
        images: uint8 `[N, H, W, C]`.

    Returns:
        float64 `[N, R]` with R half of the shorter side: at 1, 2, ..., R cycles per shorter side.
    """
    height, width = images.shape[1:3]
    window = np.outer(np.hanning(height), np.hanning(width))
    rings, weights = frequency_rings(height, width)
    side = min(height, width) // 2
    per_ring = np.bincount(rings, weights, minlength=side + 1)[1 : side + 1]
    spectra = np.empty((len(images), side))
    for start in range(0, len(images), IMAGES_AT_ONCE):
        grey = images[start : start + IMAGES_AT_ONCE].mean(axis=3) / 255.0
        # The mean under the window, so that nothing of it is left at zero frequency.
        level = (grey * window).sum(axis=(1, 2), keepdims=True) / window.sum()
        powers = np.abs(np.fft.rfft2((grey - level) * window)) ** 2 / np.sum(window**2)
        for number, power in enumerate(powers, start=start):
            sums = np.bincount(rings, power.ravel() * weights, minlength=side + 1)
            spectra[number] = sums[1 : side + 1] / per_ring
    return spectra


def spectral_distance(real: np.ndarray, generated: np.ndarray) -> float:
    """How far the mean spectra of two sets lie apart, in decibels.

    Definition: the root mean square over the frequencies of `10 log10 (P_real / P_generated)`, where P is the mean
    spectrum of a set plus the power of rounding to 8 bits.
    Direction and range: lower is better, 0 for equal spectra. Twice the power at all frequencies is 3.0.
    Caveats: it sees no phases, so a shuffled texture passes. Smooth images lack power at high frequencies, the
    checkerboards of an up-sampling show as peaks: look at the profiles to see which it was.

    Args:
        real: `[N, R]`, as `radial_power_spectra` makes them.
        generated: `[M, R]`.
    """
    powers = (spectra.mean(axis=0) + QUANTIZATION_POWER for spectra in (real, generated))
    real_level, generated_level = (10.0 * np.log10(power) for power in powers)
    return float(np.sqrt(np.mean((real_level - generated_level) ** 2)))


def spectral_distance_of_draw(draw: Draw) -> list[float]:
    """`spectral_distance` of a draw; each image's spectrum is computed once."""
    return [spectral_distance(draw.real.of_each(_spectra), draw.other.of_each(_spectra))]


def _spectra(images: ImageSet) -> np.ndarray:
    return radial_power_spectra(images.images)


def frequency_rings(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """For each coefficient of `rfft2`, flat: its ring, and how often it stands for one of the whole transform."""
    shorter = min(height, width)
    frequencies = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]) * shorter
    weights = np.full(frequencies.shape, 2.0)
    weights[:, 0] = 1.0
    if width % 2 == 0:
        weights[:, -1] = 1.0
    return np.rint(frequencies).astype(np.int64).ravel(), weights.ravel()
