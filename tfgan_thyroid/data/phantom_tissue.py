"""From anatomy to tissue maps: paints skin, muscles, gland, vessels and airway, back to front."""

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from tfgan_thyroid.data.phantom_anatomy import Ellipse, NeckAnatomy, Nodule, ProbeView
from tfgan_thyroid.data.phantom_config import PhantomConfig
from tfgan_thyroid.data.phantom_imaging import TissueMaps, grid_shape
from tfgan_thyroid.data.phantom_textures import (
    Textures,
    draw_textures,
    smooth_curve,
    smooth_surface,
)

Map = NDArray[np.float32]


class NeckScene:
    """One frame of one patient on the tissue grid.

    Args:
        anatomy: the patient.
        view: the frame.
        config: the scanner.
        patient: the patient's random stream: same textures and bends for each of the frames.
        frame: the frame's own random stream.
    """

    def __init__(
        self,
        anatomy: NeckAnatomy,
        view: ProbeView,
        config: PhantomConfig,
        patient: np.random.Generator,
        frame: np.random.Generator,
    ) -> None:
        self.anatomy, self.view = anatomy, view
        self.pixel_mm = anatomy.field_mm / config.sector_width_px
        rows, columns = grid_shape(config)
        node = 2.0 * self.pixel_mm
        self.depth = (node * np.arange(rows, dtype=np.float32))[:, None]
        self.x = node * (np.arange(columns, dtype=np.float32) - 0.5 * (columns - 1)) + anatomy.centre_mm + view.shift_mm
        self.textures = draw_textures(patient, frame, view.drift)
        self._patient = patient
        self._bend()
        self._stack_layers()
        shape = (rows, columns)
        self.backscatter = np.zeros(shape, np.float32)
        self.attenuation = np.full(shape, 0.7, np.float32)
        self.specular = np.zeros(shape, np.float32)
        self.shadow = np.zeros(shape, np.float32)
        self.clutter = np.full(shape, -200.0, np.float32)

    def _bend(self) -> None:
        """Anatomical coordinates of each node: sheared, squeezed and warped, but flat at the probe."""
        depth = self.depth[:, 0]
        settle = np.minimum(self.depth / 10.0, 1.0)
        warp_x = 0.7 * smooth_surface(self._patient, self.x, depth, 7.0)
        warp_z = 0.7 * smooth_surface(self._patient, self.x, depth, 7.0)
        self.u = (self.x[None, :] + settle * warp_x).astype(np.float32)
        slope = self.view.tilt * (self.x - self.anatomy.centre_mm)[None, :]
        self.v = (self.depth * self.view.squeeze + settle * (warp_z + slope)).astype(np.float32)

    def _stack_layers(self) -> None:
        """Depths of the layer boundaries, one per column, from the skin down to the front of the gland."""
        anatomy, x = self.anatomy, self.x
        wave = [smooth_curve(self._patient, x, spacing) for spacing in (9.0, 12.0, 8.0, 10.0)]
        aside = np.abs(x)
        self.skin = anatomy.skin_mm * (1.0 + 0.05 * wave[0])
        self.superficial = self.skin + anatomy.fat_mm * np.maximum(1.0 + 0.18 * wave[1], 0.3)
        mastoid = anatomy.sternomastoid_mm * _ease((aside - 12.0 - wave[2]) / 13.0)
        self.mastoid = self.superficial + 0.3 + mastoid
        strap = 0.7 + anatomy.strap_mm * _ease((aside - 0.5) / 7.0) * (1.0 - 0.8 * _ease((aside - 15.0) / 12.0))
        self.strap_mid = self.mastoid + strap * (0.5 + 0.1 * wave[3])
        self.deep = self.mastoid + strap

    def build(self) -> tuple[TissueMaps, Map]:
        """Paint everything; return the maps and the gland's signed distance (negative inside, mm)."""
        anatomy = self.anatomy
        trachea = self.distance(anatomy.trachea)
        gland = self._gland(trachea)
        self._paint_connective()
        self._paint_deep_muscles()
        self._paint_oesophagus()
        self._paint_layers()
        self._paint_gland(gland)
        for nodule in anatomy.nodules:
            self._paint_nodule(nodule, gland)
        for artery in anatomy.carotids:
            self._paint_vessel(artery, wall=2.6)
        for vein in anatomy.jugulars:
            self._paint_vessel(vein, wall=1.2)
        self._paint_trachea(trachea)
        self._paint_spine()
        self._paint_probe()
        maps = TissueMaps(
            backscatter_db=self.backscatter + np.float32(anatomy.gain_db + self.view.gain_db),
            attenuation=self.attenuation * np.float32(anatomy.attenuation),
            specular=self.specular * np.float32(10.0 ** ((anatomy.gain_db + self.view.gain_db) / 20.0)),
            shadow_db=_blur_across(self.shadow, 0.7 / (2.0 * self.pixel_mm)),
            clutter_db=self.clutter + np.float32(anatomy.gain_db + self.view.gain_db),
            pixel_mm=self.pixel_mm,
        )
        return maps, gland

    def distance(self, ellipse: Ellipse) -> Map:
        """Signed distance to an ellipse in millimetres, negative inside (first-order accurate at the outline)."""
        cos, sin = np.float32(np.cos(ellipse.angle)), np.float32(np.sin(ellipse.angle))
        dx, dz = self.u - np.float32(ellipse.x), self.v - np.float32(ellipse.z)
        across, down = cos * dx + sin * dz, cos * dz - sin * dx
        across, down = across / np.float32(ellipse.a), down / np.float32(ellipse.b)
        radius = np.sqrt(across * across + down * down)
        slope = np.sqrt((across / np.float32(ellipse.a)) ** 2 + (down / np.float32(ellipse.b)) ** 2)
        return radius * (radius - 1.0) / (slope + np.float32(1e-4))

    def _paint(
        self,
        distance: Map,
        backscatter: Map | float,
        attenuation: float,
        edge_mm: float = 0.25,
    ) -> None:
        cover = np.clip(0.5 - distance / np.float32(edge_mm), 0.0, 1.0)
        self.backscatter += cover * (backscatter - self.backscatter)
        self.attenuation += cover * (np.float32(attenuation) - self.attenuation)
        self.specular *= 1.0 - cover

    def _line(self, distance: Map, amplitude: Map | float, width_mm: float) -> None:
        """A reflecting interface: Gaussian profile of the given half width, stronger where it faces the beam."""
        self.specular += amplitude * np.exp(-((distance * np.float32(1.0 / width_mm)) ** 2))

    def _facing(self, distance: Map) -> Map:
        """Squared cosine of the angle between an outline's normal and the beam, 0 to 1."""
        slope = np.gradient(distance, np.float32(2.0 * self.pixel_mm), axis=0)
        return np.minimum(slope * slope, 1.0)

    def _breaks(self, spacing_mm: float) -> Map:
        """How strongly an interface reflects along the scan: 0.2 to 1.4."""
        return np.clip(0.8 + 0.35 * smooth_curve(self._patient, self.x, spacing_mm), 0.2, 1.5)[None, :]

    def _gland(self, trachea: Map) -> Map:
        """Signed distance to lobes and isthmus."""
        anatomy, swell = self.anatomy, self.view.swell
        behind_straps = self.deep[None, :] + 0.25 - self.v
        isthmus = np.maximum(
            trachea - np.float32(anatomy.isthmus_mm),
            self.v - np.float32(anatomy.trachea.z - 2.0),
        )
        result = isthmus
        for lobe, carotid in zip(anatomy.lobes, anatomy.carotids, strict=True):
            shape = self.distance(lobe._replace(a=lobe.a * swell, b=lobe.b * swell))
            shape = np.maximum(shape, 0.9 - self.distance(carotid))
            result = _smooth_minimum(result, shape, 2.5)
        result = np.maximum(result, 0.3 - trachea)
        return np.maximum(result, behind_straps)

    def _paint_connective(self) -> None:
        sheets = Textures.sample(self.textures.sheets, self.u, self.v - self.deep[None, :])
        clouds = Textures.sample(self.textures.clouds, self.u, self.v)
        self.backscatter = -1.0 + 2.5 * clouds + 5.0 * np.maximum(sheets - 0.3, 0.0) - 3.0 * np.maximum(-sheets, 0.0)
        self.specular += 1.2 * np.maximum(sheets - 1.2, 0.0)

    def _muscle(self, u: Map, v: Map, base_db: float, streak_db: float, threshold: float) -> Map:
        fibres = Textures.sample(self.textures.fibres, u, v)
        return base_db + streak_db * np.maximum(fibres - np.float32(threshold), 0.0)

    def _paint_layers(self) -> None:
        u, v = self.u, self.v
        deep = v - self.deep[None, :]
        strap = self._muscle(u, deep, -9.0, 9.0, 0.9)
        self._paint(deep, strap, 0.95)
        mastoid_side = v - self.mastoid[None, :]
        mastoid = self._muscle(u + 7.0, mastoid_side * 0.8 + 0.15 * np.abs(u), -12.0, 13.0, 1.0)
        self._paint(mastoid_side, mastoid, 0.9)
        superficial = v - self.superficial[None, :]
        septa = Textures.sample(self.textures.sheets, u + 11.0, v + 0.12 * u)
        fat = -8.0 + 8.0 * np.maximum(septa - 0.8, 0.0)
        self._paint(superficial, fat, 0.55)
        skin = self.depth - self.skin[None, :]
        dermis = 3.0 + 1.5 * Textures.sample(self.textures.fibres, u, v)
        self._paint(np.broadcast_to(skin, u.shape), dermis, 1.3)
        self._line(skin, 1.6 * self._breaks(5.0), 0.15)
        self._line(superficial, 4.5 * self._breaks(4.0), 0.28)
        thick = _ease((self.mastoid - self.superficial - 0.3) / 1.5)
        self._line(mastoid_side, 4.0 * self._breaks(4.0) * (0.4 + 0.6 * thick[None, :]), 0.28)
        self._line(v - self.strap_mid[None, :], 2.2 * self._breaks(3.0), 0.2)
        self._line(deep, 3.2 * self._breaks(4.0), 0.25)

    def _paint_gland(self, gland: Map) -> None:
        clouds = Textures.sample(self.textures.clouds, self.u, self.v)
        grains = Textures.sample(self.textures.grains, self.u, self.v)
        coarse = self.anatomy.coarse_db
        echo = self.anatomy.thyroid_db + coarse * (0.7 * clouds + 0.6 * grains)
        self._paint(gland, echo, 0.6)
        self._line(gland, 2.0 * self._facing(gland) * self._breaks(3.0), 0.2)

    def _paint_nodule(self, nodule: Nodule, gland: Map) -> None:
        distance = np.maximum(self.distance(nodule.outline), gland + 0.4)
        clouds = Textures.sample(self.textures.clouds, self.u * 1.6 + 9.0, self.v * 1.6)
        level, attenuation = {
            "hypoechoic": (-8.0, 0.75),
            "isoechoic": (0.5, 0.65),
            "hyperechoic": (4.0, 0.7),
            "cystic": (-34.0, 0.05),
            "mixed": (-3.0, 0.4),
        }[nodule.kind]
        echo = level + 1.8 * clouds
        if nodule.kind == "mixed":
            echo = echo - 26.0 * _ease((clouds - 0.4) / 0.5)
        self._paint(distance, echo, attenuation, 0.5)
        if nodule.kind in ("isoechoic", "hyperechoic"):
            halo = np.exp(-((distance / np.float32(0.5)) ** 2))
            self.backscatter -= 7.0 * halo
        if nodule.kind in ("cystic", "mixed"):
            self._line(distance, 2.5 * self._facing(distance), 0.2)
        if nodule.calcified:
            grains = Textures.sample(self.textures.grains, self.u * 0.8, self.v * 0.8 + 13.0)
            calcium = np.where(distance < -0.6, np.maximum(grains - 1.9, 0.0), 0.0)
            self.specular += 9.0 * calcium
            self.shadow += np.minimum(np.cumsum(calcium, axis=0), 8.0)

    def _paint_vessel(self, vessel: Ellipse, wall: float) -> None:
        distance = self.distance(vessel)
        sheath = np.exp(-((np.maximum(distance, 0.0) / np.float32(1.8)) ** 2))
        self.backscatter += 4.0 * sheath * (distance > 0)
        facing = self._facing(distance)
        self._paint(distance, -36.0, 0.15, 0.3)
        haze = -15.0 + 5.0 * distance
        self.clutter = np.where(distance < 0, np.maximum(self.clutter, haze - 6.0), self.clutter)
        self._line(distance - np.float32(0.25), wall * (0.15 + facing), 0.3)
        self.attenuation += 1.6 * (1.0 - facing) * np.exp(-((distance / np.float32(0.5)) ** 2))

    def _paint_deep_muscles(self) -> None:
        for side, lobe, carotid in zip((-1.0, 1.0), self.anatomy.lobes, self.anatomy.carotids, strict=True):
            longus = Ellipse(side * 12.0, lobe.z + lobe.b + 4.5, 9.0, 4.0, side * -0.15)
            scalene = Ellipse(carotid.x + side * 3.0, carotid.z + 11.0, 10.0, 5.5, side * 0.3)
            for muscle in (scalene, longus):
                distance = self.distance(muscle)
                slanted = self.v - side * muscle.angle * 0.0 - np.float32(np.tan(muscle.angle)) * self.u
                self._paint(
                    distance,
                    self._muscle(self.u - 5.0, slanted, -10.0, 9.0, 0.9),
                    0.9,
                    0.5,
                )
                self._line(distance, 2.4 * self._facing(distance) * self._breaks(3.0), 0.3)

    def _paint_oesophagus(self) -> None:
        distance = self.distance(self.anatomy.oesophagus)
        self._paint(distance, -9.0, 0.9, 0.4)
        self._paint(distance + np.float32(1.3), 3.0, 0.9, 0.6)
        self._line(distance, 1.2 * self._facing(distance), 0.2)

    def _paint_trachea(self, outline: Map) -> None:
        """Cartilage ring, then air: a bright front, reverberations that fade, and shadow."""
        node = 2.0 * self.pixel_mm
        facing = self._facing(outline)
        front = self.v < self.anatomy.trachea.z
        self._paint(outline, -11.0, 1.2, 0.3)
        self._line(outline, 1.6 * facing * front, 0.2)
        air = outline + np.float32(1.5)
        inside = air < 0
        self._line(air, 6.5 * facing**2 * front * self._breaks(3.0), 0.3)
        covered = np.maximum.accumulate(inside, axis=0)
        self.shadow += np.where(covered, np.float32(45.0), np.float32(0.0))
        below = np.cumsum(covered, axis=0, dtype=np.float32) * np.float32(node)
        ripple = np.cos(below * np.float32(2.0 * np.pi / 1.7)) * np.exp(-below / 4.0)
        fibres = Textures.sample(self.textures.sheets, self.u, self.v * 0.6)
        middle = np.exp(-((self.u / np.float32(0.62 * self.anatomy.trachea.a)) ** 2))
        haze = -6.0 - 1.5 * below + 4.0 * ripple + 2.0 * fibres - 9.0 * (1.0 - middle)
        self.clutter = np.where(covered, np.maximum(self.clutter, haze), self.clutter)

    def _paint_spine(self) -> None:
        line = (
            self.anatomy.spine_mm
            + 2.5 * _ease((np.abs(self.x) - 7.0) / 9.0)
            + 0.5 * smooth_curve(self._patient, self.x, 5.0)
        )
        distance = self.v - line[None, :]
        self._line(distance, 5.0 * self._breaks(5.0), 0.4)
        self.shadow += 22.0 * np.clip(distance / 0.6, 0.0, 1.0)

    def _paint_probe(self) -> None:
        """Ringing of the transducer's face and, at times, a side without contact."""
        self._line(np.broadcast_to(self.depth, self.u.shape) - np.float32(0.1), 5.0, 0.12)
        self._line(np.broadcast_to(self.depth, self.u.shape) - np.float32(0.55), 2.0, 0.1)
        lost = self._patient.random()
        width = self._patient.uniform(2.0, 8.0)
        edge = (self.x - self.x[0]) if lost < 0.15 else (self.x[-1] - self.x)
        if lost < 0.3:
            self.shadow += 20.0 * (1.0 - _ease(edge / width))[None, :] * np.minimum(self.depth / 6.0, 1.0)
        streaks = smooth_curve(self._patient, self.x, 3.0) * 1.2
        self.shadow += streaks[None, :] * np.minimum(self.depth / 20.0, 1.0)


def _ease(t: Map) -> Map:
    """A smooth step from 0 (t <= 0) to 1 (t >= 1)."""
    t = np.clip(t, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def _smooth_minimum(a: Map, b: Map, reach: float) -> Map:
    """The minimum of two distances with a fillet where they meet (polynomial smooth minimum)."""
    mix = np.clip(0.5 + 0.5 * (b - a) / np.float32(reach), 0.0, 1.0)
    return b + mix * (a - b) - np.float32(reach) * mix * (1.0 - mix)


def _blur_across(values: Map, sigma: float) -> Map:
    return scipy.ndimage.gaussian_filter1d(values, sigma, axis=1, truncate=2.5)
