"""Random fields of the tissue: muscle fibres, sheets of connective tissue, clouds of echogenicity, bent coordinates."""

import functools
import math
from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.ndimage
from numpy.typing import NDArray

Map = NDArray[np.float32]

# Textures are periodic tiles of this many nodes; at 0.1 mm a node a tile is wider than any sector.
_TILE = 512
_NODE_MM = 0.1


@dataclass(frozen=True)
class Textures:
    """Periodic unit-variance random fields, float32 `[512, 512]` at 0.1 mm a node.

    Attributes:
        fibres: thin and 3 mm long across, for muscle.
        sheets: thicker and longer, for fat septa and connective tissue.
        clouds: isotropic, about 2 mm across.
        grains: isotropic, about 0.6 mm across.
    """

    fibres: Map
    sheets: Map
    clouds: Map
    grains: Map

    @staticmethod
    def sample(field: Map, x_mm: Map, z_mm: Map) -> Map:
        """The field at the given places, interpolated linearly, same shape as `x_mm`."""
        places = np.stack(np.broadcast_arrays(z_mm, x_mm)) * np.float32(1.0 / _NODE_MM)
        return scipy.ndimage.map_coordinates(field, places, order=1, mode="grid-wrap")


def draw_textures(patient: np.random.Generator, frame: np.random.Generator, drift: float) -> Textures:
    """Draw the textures of a patient; a share `drift` (in amplitude) is the frame's own."""
    keep = math.sqrt(1.0 - drift**2)
    tiles: list[Map] = []
    for transfer_re, transfer_im in _transfers():
        noise = keep * _spectrum(patient) + drift * _spectrum(frame)
        tiles += [
            scipy.fft.ifft2(noise * transfer_re).real,
            scipy.fft.ifft2(noise * transfer_im).imag,
        ]
    return Textures(*(np.ascontiguousarray(tile / tile.std()) for tile in tiles))


def smooth_curve(rng: np.random.Generator, x_mm: Map, spacing_mm: float) -> Map:
    """A unit-variance random function of x that bends every `spacing_mm`, float32 of `x_mm`'s shape."""
    knots = np.arange(-60.0, 60.0 + spacing_mm, spacing_mm)
    return _bumps(x_mm, knots, spacing_mm) @ rng.standard_normal(len(knots)).astype(np.float32)


def smooth_surface(rng: np.random.Generator, x_mm: Map, z_mm: Map, spacing_mm: float) -> Map:
    """A unit-variance random function of x and z, float32 `[len(z_mm), len(x_mm)]`."""
    across = np.arange(-60.0, 60.0 + spacing_mm, spacing_mm)
    down = np.arange(-10.0, 70.0 + spacing_mm, spacing_mm)
    knots = rng.standard_normal((len(down), len(across))).astype(np.float32)
    return _bumps(z_mm, down, spacing_mm) @ knots @ _bumps(x_mm, across, spacing_mm).T


def _bumps(x_mm: Map, knots: NDArray[np.float64], spacing_mm: float) -> Map:
    weights = np.exp(-0.5 * ((x_mm[:, None] - knots) / (0.7 * spacing_mm)) ** 2)
    return (weights / np.sqrt(np.sum(weights**2, axis=1, keepdims=True))).astype(np.float32)


def _spectrum(rng: np.random.Generator) -> NDArray[np.complex64]:
    noise = rng.standard_normal((_TILE, _TILE, 2), dtype=np.float32)
    return noise.view(np.complex64)[..., 0]


@functools.cache
def _transfers() -> tuple[tuple[Map, Map], ...]:
    fibres = _gaussian(across_mm=1.3, down_mm=0.11)
    sheets = _gaussian(across_mm=2.2, down_mm=0.2)
    return (fibres, sheets), (_gaussian(1.0, 1.0), _gaussian(0.3, 0.3))


def _gaussian(across_mm: float, down_mm: float) -> Map:
    omega = 2.0 * np.pi * scipy.fft.fftfreq(_TILE) / _NODE_MM
    down = np.exp(-0.5 * (omega * down_mm) ** 2)[:, None]
    across = np.exp(-0.5 * (omega * across_mm) ** 2)[None, :]
    return (down * across).astype(np.float32)
