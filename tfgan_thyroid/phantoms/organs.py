"""Painters of the organs: thyroid gland, nodules, vessels, oesophagus, trachea."""

import numpy as np
import scipy.ndimage

from tfgan_thyroid.phantoms.anatomy import Ellipse, NeckAnatomy, Nodule, ProbeView
from tfgan_thyroid.phantoms.canvas import Canvas, ease
from tfgan_thyroid.phantoms.config import Map
from tfgan_thyroid.phantoms.layers import Layers

# Backscatter against thyroid tissue (dB) and attenuation (dB/(cm MHz)) of each kind of nodule. Fluid has hardly any of
# either, so that a cyst is black and the tissue behind it bright; solid tissue is near the gland's own 0.6.
_NODULE_TISSUE = {
    "hypoechoic": (-7.5, 0.75),
    "isoechoic": (0.5, 0.65),
    "hyperechoic": (3.5, 0.7),
    "cystic": (-30.0, 0.1),
    "mixed": (-2.5, 0.45),
}


def gland_distance(canvas: Canvas, anatomy: NeckAnatomy, view: ProbeView, layers: Layers, trachea: Map) -> Map:
    """Signed distance to the thyroid gland in mm, negative inside: lobes joined by the isthmus.

    The strap muscles bound it in front, the trachea and the carotids at its sides.
    """
    isthmus = np.maximum(trachea - np.float32(anatomy.isthmus_mm), canvas.v - np.float32(anatomy.trachea.z - 2.0))
    gland = isthmus
    for lobe, carotid in zip(anatomy.lobes, anatomy.carotids, strict=True):
        shape = canvas.distance(lobe._replace(a=lobe.a * view.swell, b=lobe.b * view.swell))
        gland = _smooth_minimum(gland, np.maximum(shape, 1.0 - canvas.distance(carotid)), 2.5)
    # Lobes reach behind the airway, where its shadow hides them: the gland that can be seen ends at its side.
    airway = np.where(canvas.v < anatomy.trachea.z, trachea, np.abs(canvas.u) - np.float32(anatomy.trachea.a))
    gland = np.maximum(gland, 0.3 - airway)
    return np.maximum(gland, layers.deep + np.float32(0.25) - canvas.v)


def paint_gland(canvas: Canvas, anatomy: NeckAnatomy, gland: Map) -> None:
    """Fine, even, fairly bright tissue in a thin capsule."""
    clouds, grains = canvas.texture("clouds"), canvas.texture("grains")
    echo = anatomy.thyroid_db + anatomy.coarse_db * (0.7 * clouds + 0.9 * grains)
    canvas.paint(gland, echo, 0.6, 0.4)
    canvas.fascia(gland, 2.6 * canvas.facing(gland) * canvas.breaks(), 0.3)


def paint_nodule(canvas: Canvas, nodule: Nodule, gland: Map) -> None:
    """A nodule; solid ones may have a dark halo and bright calcifications that shadow, cysts enhance what is behind."""
    level, attenuation = _NODULE_TISSUE[nodule.kind]
    distance = np.maximum(canvas.distance(nodule.outline), gland + np.float32(0.4))
    clouds = canvas.texture("clouds", canvas.u * 1.6 + 9.0, canvas.v * 1.6)
    grains = canvas.texture("grains", canvas.u * 0.8, canvas.v * 0.8 + 13.0)
    echo = level + 1.5 * clouds + 1.5 * grains
    if nodule.kind == "mixed":
        echo = echo - 24.0 * ease((clouds - 0.3) / 0.5)
    if nodule.kind in ("isoechoic", "hyperechoic"):
        canvas.backscatter[...] -= 6.0 * np.exp(-((distance / np.float32(0.5)) ** 2))
    canvas.paint(distance, echo, attenuation, 0.6)
    if nodule.kind in ("cystic", "mixed"):
        canvas.line(distance, 2.2 * canvas.facing(distance) * canvas.breaks(), 0.25)
        canvas.clutter[...] = np.where(distance < 0, np.maximum(canvas.clutter, -20.0 + 4.0 * distance), canvas.clutter)
    if nodule.calcified:
        # Grains beyond 1.9 standard deviations, 3 % of a nodule's area: scattered points, as microcalcifications are.
        calcium = np.where(distance < -0.6, np.maximum(grains - 1.9, 0.0), 0.0)
        canvas.specular[...] += 9.0 * calcium
        canvas.attenuation[...] += 6.0 * calcium


def paint_vessel(canvas: Canvas, vessel: Ellipse, wall: float) -> None:
    """A lumen: dark, hazy in front, with bright walls where they face the beam and dim streaks behind its edges."""
    canvas = canvas.around(vessel, 4.0)
    distance = canvas.distance(vessel)
    facing = canvas.facing(distance)
    # The carotid sheath: connective tissue, brightest in front of and behind the vessel.
    sheath = np.exp(-((np.maximum(distance, 0.0) / np.float32(1.6)) ** 2))
    canvas.backscatter[...] += 3.5 * sheath * (0.3 + facing)
    # Blood scatters too little to be seen at this dynamic range, and hardly attenuates.
    canvas.paint(distance, -34.0, 0.12, 0.4)
    # Reverberations of the front wall fill the first 2 mm of a lumen with haze.
    haze = np.maximum(-19.0 + 5.0 * distance, -29.0)
    canvas.clutter[...] = np.where(distance < 0, np.maximum(canvas.clutter, haze), canvas.clutter)
    canvas.line(distance - np.float32(0.25), wall * (0.1 + facing) * canvas.breaks(), 0.3)
    # Refraction at the steep sides of a large vessel leaves a dim streak behind each.
    bend = 0.2 * min(vessel.b, 3.0) * (1.0 - facing)
    canvas.attenuation[...] += bend * np.exp(-((distance / np.float32(0.6)) ** 2))


def paint_oesophagus(canvas: Canvas, outline: Ellipse) -> None:
    """A dark muscular ring around a bright mucosa."""
    canvas = canvas.around(outline, 1.5)
    distance = canvas.distance(outline)
    canvas.paint(distance, -8.0, 0.8, 0.5)
    canvas.paint(distance + np.float32(1.4), 2.0 + 3.0 * canvas.texture("sheets"), 0.9, 0.8)
    canvas.fascia(distance, 1.8 * canvas.facing(distance), 0.25)


def paint_trachea(canvas: Canvas, anatomy: NeckAnatomy, outline: Map) -> None:
    """Cartilage, then air: a bright front, reverberations that fade, and shadow down to the bottom."""
    facing = canvas.facing(outline) * (canvas.v < anatomy.trachea.z)
    canvas.paint(outline, -2.0 - 8.0 * facing, 1.0, 0.8)
    canvas.fascia(outline, 3.0 * facing * canvas.breaks(), 0.25)
    air = outline + np.float32(anatomy.cartilage_mm)
    # Air reflects nearly everything, but only where it faces the beam: hence the third power.
    canvas.fascia(air, 8.0 * facing**3 * canvas.breaks(), 0.45)
    covered = np.maximum.accumulate(air < 0, axis=0)
    steep = np.exp(-((air / np.float32(2.2)) ** 2)) * (canvas.v < anatomy.trachea.z)
    canvas.attenuation[...] = np.where(air < 0, np.float32(20.0), canvas.attenuation + 0.5 * steep * (1.0 - facing))
    below = np.cumsum(covered, axis=0, dtype=np.float32) * np.float32(canvas.node_mm)
    wobble = below + 0.3 * canvas.texture("clouds", v=below)
    # Comet tails: echoes between probe and airway, evenly spaced, that lose strength with each return.
    ripple = np.cos(wobble * np.float32(2.0 * np.pi / anatomy.reverberation_mm)) * np.exp(-below / 2.5)
    haze = anatomy.reverberation_db - 1.6 * below + 5.0 * ripple * canvas.breaks()
    haze += 2.0 * canvas.texture("sheets") + 2.5 * canvas.texture("clouds", canvas.u * 0.7, canvas.v * 0.7)
    inwards = np.maximum(np.float32(anatomy.trachea.a - anatomy.cartilage_mm) - np.abs(canvas.u), 0.0)
    haze -= 6.0 * np.exp(-inwards / np.float32(2.5))
    # Side lobes carry the reverberations a little past the wall.
    width = max(round(2.6 / canvas.node_mm), 1)
    haze = scipy.ndimage.uniform_filter1d(np.where(covered, haze, np.float32(-30.0)), width, axis=1)
    canvas.clutter[...] = np.maximum(canvas.clutter, haze)


def _smooth_minimum(a: Map, b: Map, reach: float) -> Map:
    """The minimum of two distances with a fillet where they meet (polynomial smooth minimum)."""
    mix = np.clip(0.5 + 0.5 * (b - a) / np.float32(reach), 0.0, 1.0)
    return b + mix * (a - b) - np.float32(reach) * mix * (1.0 - mix)
