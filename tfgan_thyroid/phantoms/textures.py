"""Random fields of the tissue: muscle fibres, sheets of connective tissue, clouds of echogenicity, smooth bends."""

import functools
import math
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from tfgan_thyroid.phantoms.config import Map

# Textures are periodic tiles of this many nodes; at 0.1 mm a node a tile is as wide as the widest sector.
_TILE = 512
_NODE_MM = 0.1


@dataclass(frozen=True)
class Textures:
    """Periodic unit-variance random fields, float32 `[512, 512]` at 0.1 mm a node."""

    fibres: Map  # 0.2 mm thick and 2 mm long across, for muscle
    sheets: Map  # 0.4 mm thick and 5 mm long across, for fat septa and connective tissue
    clouds: Map  # isotropic, about 2 mm across
    grains: Map  # isotropic, about 0.5 mm across


def draw_textures(patient: np.random.Generator, frame: np.random.Generator, drift: float) -> Textures:
    """Draw the textures of a patient; a share `drift` (in amplitude) is the frame's own."""
    keep = math.sqrt(1.0 - drift**2)
    tiles: list[Map] = []
    for first, second in _transfers():
        # The real and the imaginary part of a filtered complex white field are two independent real ones.
        noise = keep * _white(patient) + drift * _white(frame)
        tiles += [scipy.fft.ifft2(noise * first).real, scipy.fft.ifft2(noise * second).imag]
    return Textures(*(np.ascontiguousarray(tile / tile.std()) for tile in tiles))


def sample(field: Map, x_mm: Map, z_mm: Map) -> Map:
    """A periodic field at the given places (same shapes): linear along z, where fields are fine, nearest along x."""
    column = np.rint(x_mm * np.float32(1.0 / _NODE_MM)).astype(np.int32) & (_TILE - 1)
    row = z_mm * np.float32(1.0 / _NODE_MM)
    floor = np.floor(row)
    share = row - floor
    above = floor.astype(np.int32) & (_TILE - 1)
    below = (above + 1) & (_TILE - 1)
    flat = field.ravel()
    upper, lower = flat.take(above * _TILE + column), flat.take(below * _TILE + column)
    return upper + share * (lower - upper)


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
    weights = np.exp(-0.5 * ((x_mm[:, None] - knots.astype(np.float32)) / np.float32(0.7 * spacing_mm)) ** 2)
    return weights / np.sqrt(np.sum(weights**2, axis=1, keepdims=True))


def _white(rng: np.random.Generator) -> NDArray[np.complex64]:
    return rng.standard_normal((_TILE, 2 * _TILE), dtype=np.float32).view(np.complex64)


@functools.cache
def _transfers() -> tuple[tuple[Map, Map], ...]:
    # Standard deviations in mm across and down; a field's size (`Textures`) is about 2.3 of them.
    return (_gaussian(0.9, 0.09), _gaussian(2.0, 0.17)), (_gaussian(1.0, 1.0), _gaussian(0.22, 0.2))


def _gaussian(across_mm: float, down_mm: float) -> Map:
    omega = 2.0 * np.pi * scipy.fft.fftfreq(_TILE) / _NODE_MM
    down = np.exp(-0.5 * (omega * down_mm) ** 2)[:, None]
    across = np.exp(-0.5 * (omega * across_mm) ** 2)[None, :]
    return (down * across).astype(np.float32)
