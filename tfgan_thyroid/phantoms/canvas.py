"""The canvas that tissue is painted on: anatomical coordinates and one map for each acoustic property."""

import math
from dataclasses import dataclass

import numpy as np

from tfgan_thyroid.phantoms.anatomy import Ellipse, NeckAnatomy, ProbeView
from tfgan_thyroid.phantoms.config import Map, PhantomConfig
from tfgan_thyroid.phantoms.textures import Textures, draw_textures, sample, smooth_surface


@dataclass(frozen=True)
class Canvas:
    """Tissue maps under construction, float32 `[rows, columns]` each, on every second pixel of the sector."""

    x: Map  # place of each column, mm from the middle of the trachea, `[columns]`
    depth: Map  # depth of each row below the probe, mm, `[rows]`
    u: Map  # x in the patient's anatomy, which is bent and warped against the probe
    v: Map  # depth in the patient's anatomy
    node_mm: float  # distance of two nodes
    textures: Textures  # random fields of the patient
    rng: np.random.Generator  # the patient's random stream: the same draws for each of the patient's frames
    backscatter: Map  # speckle power in dB relative to thyroid tissue
    attenuation: Map  # one-way loss in dB/(cm MHz)
    specular: Map  # amplitude of coherent reflections
    clutter: Map  # power of reverberations in dB

    def crop(self, rows: slice, columns: slice) -> "Canvas":
        """A part of the canvas; painting on it paints on the whole."""
        maps = (self.backscatter, self.attenuation, self.specular, self.clutter)
        return Canvas(
            self.x[columns],
            self.depth[rows],
            self.u[rows, columns],
            self.v[rows, columns],
            self.node_mm,
            self.textures,
            self.rng,
            *(values[rows, columns] for values in maps),
        )

    def around(self, ellipse: Ellipse, margin_mm: float) -> "Canvas":
        """The part that an ellipse and a margin can reach; at least two rows and columns, far from it if need be."""
        reach = max(ellipse.a, ellipse.b) + margin_mm + 3.0  # 3 mm: the most that the anatomy is bent
        return self.crop(_slice(self.depth, ellipse.z, reach), _slice(self.x, ellipse.x, reach))

    def above(self, depth_mm: float) -> "Canvas":
        """The rows from the probe down to a depth."""
        return self.crop(slice(0, max(int(np.searchsorted(self.depth, depth_mm)), 2)), slice(None))

    def distance(self, ellipse: Ellipse) -> Map:
        """Signed distance to an ellipse in mm, negative inside (first-order accurate at the outline)."""
        cos, sin = np.float32(math.cos(ellipse.angle)), np.float32(math.sin(ellipse.angle))
        dx, dz = self.u - np.float32(ellipse.x), self.v - np.float32(ellipse.z)
        across, down = (cos * dx + sin * dz) / np.float32(ellipse.a), (cos * dz - sin * dx) / np.float32(ellipse.b)
        radius = np.sqrt(across * across + down * down)
        slope = np.sqrt((across / np.float32(ellipse.a)) ** 2 + (down / np.float32(ellipse.b)) ** 2)
        return radius * (radius - 1.0) / (slope + np.float32(1e-4))

    def facing(self, distance: Map) -> Map:
        """Squared cosine of the angle between an outline's normal and the beam, 0 to 1."""
        slope = np.gradient(distance, np.float32(self.node_mm), axis=0)
        return np.minimum(slope * slope, 1.0)

    def breaks(self) -> Map:
        """How strongly an interface reflects along the scan: a random curve from 0.15 to 1.7, `[1, columns]`."""
        row = self.rng.integers(len(self.textures.clouds))
        # Eight nodes a millimetre: the curve varies every 2.5 mm, so that an interface is bright only in places.
        column = np.rint(8.0 * self.x).astype(np.int32) % self.textures.clouds.shape[1]
        return np.clip(0.85 + 0.4 * self.textures.clouds[row, column], 0.15, 1.7)[None, :]

    def texture(self, name: str, u: Map | None = None, v: Map | None = None) -> Map:
        """A field of `Textures` at anatomical coordinates, or at others."""
        return sample(getattr(self.textures, name), self.u if u is None else u, self.v if v is None else v)

    def paint(self, distance: Map, backscatter: Map | float, attenuation: float, edge_mm: float = 0.25) -> None:
        """Replace the tissue where `distance` is negative, with an edge of the given width."""
        cover = np.clip(0.5 - distance / np.float32(edge_mm), 0.0, 1.0)
        self.backscatter[...] += cover * (backscatter - self.backscatter)
        self.attenuation[...] += cover * (np.float32(attenuation) - self.attenuation)
        self.specular[...] *= 1.0 - cover

    def line(self, distance: Map, amplitude: Map | float, width_mm: float) -> None:
        """A smooth reflecting interface where `distance` is 0: Gaussian profile of the given half width."""
        self.specular[...] += amplitude * np.exp(-((distance * np.float32(1.0 / width_mm)) ** 2))

    def fascia(self, distance: Map, amplitude: Map | float, width_mm: float) -> None:
        """A layered interface: thin strands within the given half width."""
        strands = np.maximum(self.texture("fibres", 0.6 * self.u + 3.7, distance + 17.0) + 0.5, 0.0)
        self.line(distance, amplitude * (0.2 + 0.65 * strands), width_mm)


def new_canvas(
    anatomy: NeckAnatomy,
    view: ProbeView,
    config: PhantomConfig,
    patient: np.random.Generator,
    frame: np.random.Generator,
) -> Canvas:
    """An empty canvas for one frame of one patient; the arguments are those of `paint_neck`."""
    shape = config.height_px // 2 + 1, config.sector_width_px // 2 + 1
    node = 2.0 * anatomy.field_mm / config.sector_width_px
    depth = node * np.arange(shape[0], dtype=np.float32)
    x = node * (np.arange(shape[1], dtype=np.float32) - 0.5 * (shape[1] - 1))
    x = (x + anatomy.centre_mm + view.shift_mm).astype(np.float32)
    textures = draw_textures(patient, frame, view.drift)
    # The probe flattens what lies against it.
    settle = np.minimum(depth / 10.0, 1.0)[:, None]
    # Two scales of bends, of whole organs and of their outlines; ellipses would be told from anatomy at once.
    bend_x, bend_z = (
        0.6 * smooth_surface(patient, x, depth, 7.0) + 0.14 * smooth_surface(patient, x, depth, 2.2) for _ in range(2)
    )
    slope = view.tilt * (x - anatomy.centre_mm)[None, :]
    return Canvas(
        x=x,
        depth=depth,
        u=(x[None, :] + settle * bend_x).astype(np.float32),
        v=(depth[:, None] * view.squeeze + settle * (bend_z + slope)).astype(np.float32),
        node_mm=node,
        textures=textures,
        rng=patient,
        backscatter=np.zeros(shape, np.float32),
        attenuation=np.full(shape, 0.7, np.float32),  # soft tissue: 0.5 to 0.7 dB/(cm MHz)
        specular=np.zeros(shape, np.float32),
        clutter=np.full(shape, -200.0, np.float32),  # none
    )


def ease(t: Map) -> Map:
    """A smooth step from 0 (t <= 0) to 1 (t >= 1)."""
    t = np.clip(t, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def _slice(places: Map, centre: float, reach: float) -> slice:
    first, last = np.searchsorted(places, (centre - reach, centre + reach))
    first = min(int(first), len(places) - 2)
    return slice(first, max(int(last), first + 2))
