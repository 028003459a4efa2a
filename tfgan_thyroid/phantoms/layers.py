"""Painters of the layered tissue: probe face, skin, fat, neck muscles, connective tissue, spine."""

from dataclasses import dataclass

import numpy as np

from tfgan_thyroid.phantoms.anatomy import Ellipse, NeckAnatomy
from tfgan_thyroid.phantoms.canvas import Canvas, ease
from tfgan_thyroid.phantoms.config import Map
from tfgan_thyroid.phantoms.textures import smooth_curve


@dataclass(frozen=True)
class Layers:
    """Depth in mm of the layer boundaries, float32 `[columns]` each."""

    skin: Map  # lower side of the skin
    superficial: Map  # superficial fascia, below the fat
    mastoid: Map  # lower side of the sternocleidomastoid
    strap: Map  # fascia between the two strap muscles
    deep: Map  # lower side of the strap muscles, in front of the gland


def stack_layers(canvas: Canvas, anatomy: NeckAnatomy) -> Layers:
    """Stack the layers from the skin down; they wave, and muscles swell away from the midline."""
    # Bends of 7 to 12 mm: a layer waves a few times over a sector of 40 mm, and no two layers in step.
    waves = [smooth_curve(canvas.rng, canvas.x, spacing) for spacing in (9.0, 8.0, 12.0, 7.0)]
    ripple = 0.1 * smooth_curve(canvas.rng, canvas.x, 2.5)
    aside = np.abs(canvas.x)
    skin = anatomy.skin_mm * (1.0 + 0.06 * waves[0])
    superficial = skin + anatomy.fat_mm * np.maximum(1.0 + 0.22 * waves[1], 0.3) + ripple
    mastoid = superficial + 0.3 + anatomy.sternomastoid_mm * ease((aside - anatomy.mastoid_edge_mm - waves[2]) / 16.0)
    # The strap muscles lie over the lobes and end at the carotids, 15 to 27 mm from the midline.
    lateral = 1.0 - 0.8 * ease((aside - 15.0) / 12.0)
    thickness = 1.4 + anatomy.strap_mm * ease((aside + 2.0) / 14.0) * lateral * (1.0 + 0.12 * waves[3])
    return Layers(skin, superficial, mastoid, mastoid + thickness * (0.5 + 0.12 * waves[0]), mastoid + thickness)


def paint_connective(canvas: Canvas, anatomy: NeckAnatomy, layers: Layers) -> None:
    """Fill the canvas with what lies between the organs: bright, streaky, uneven."""
    sheets = canvas.texture("sheets", v=canvas.v - layers.deep)
    clouds = canvas.texture("clouds", canvas.u * 0.6, canvas.v * 0.6)
    canvas.attenuation[...] = 0.65 + (anatomy.deep_attenuation - 0.65) * ease((canvas.v - anatomy.deep_mm) / 4.0)
    # Sheets of connective tissue rise more than the fat between them falls: they reflect, fat scatters less.
    canvas.backscatter[...] = -1.0 + 3.0 * clouds + np.where(sheets > 0.0, 5.5, 3.5) * sheets
    canvas.specular[...] += 2.4 * np.maximum(sheets - 1.0, 0.0)


def paint_layers(canvas: Canvas, layers: Layers) -> None:
    """Strap muscles, sternocleidomastoid, fat and skin, with the fasciae between them."""
    canvas = canvas.above(float(layers.deep.max()) + 3.0)
    u, v = canvas.u, canvas.v
    deep, mastoid, superficial = v - layers.deep, v - layers.mastoid, v - layers.superficial
    # Muscle is 13 to 17 dB darker than thyroid, its perimysium nearly as bright: the reader tells the gland by that.
    canvas.paint(deep, _muscle(canvas, u, deep, base_db=-13.0, streak_db=10.0, threshold=0.7), 0.9)
    slant = mastoid * 0.9 + 0.1 * np.abs(u)
    canvas.paint(mastoid, _muscle(canvas, u + 7.0, slant, base_db=-17.0, streak_db=16.0, threshold=1.0), 0.85)
    septa = canvas.texture("sheets", u * 1.2 + 11.0, 1.3 * v + 0.2 * u)
    canvas.paint(superficial, -11.0 + 9.0 * np.maximum(septa - 0.4, 0.0), 0.5)
    canvas.specular[...] += np.where(superficial < 0.0, 2.2 * np.maximum(septa - 1.0, 0.0), 0.0)
    # Where the muscle ends, its two fasciae are one: the lower one fades instead of drawing a second line.
    thick = ease((layers.mastoid - layers.superficial - 0.3) / 1.5)
    canvas.fascia(mastoid, 5.5 * canvas.breaks() * (0.3 + 0.7 * thick), 0.3)
    canvas.fascia(superficial, 7.0 * canvas.breaks(), 0.4)
    canvas.fascia(v - layers.strap, 2.5 * canvas.breaks(), 0.25)
    canvas.fascia(deep, 4.0 * canvas.breaks(), 0.35)
    skin = canvas.depth[:, None] - layers.skin
    dermis = 0.5 + 2.0 * canvas.texture("fibres", u * 0.4, v)
    canvas.paint(skin, dermis, 1.1)
    canvas.fascia(skin, 3.0 * canvas.breaks(), 0.3)


def paint_probe(canvas: Canvas) -> None:
    """Ringing of the probe's face, streaks of uneven contact and, at times, a side without contact."""
    face = np.broadcast_to(canvas.depth[:, None], canvas.u.shape)
    canvas.line(face - np.float32(0.12), 6.0, 0.12)
    canvas.line(face - np.float32(0.6), 2.5 * canvas.breaks(), 0.1)
    contact = 0.06 * smooth_curve(canvas.rng, canvas.x, 2.0) + 0.06 * smooth_curve(canvas.rng, canvas.x, 6.0)
    side, width = canvas.rng.random(), canvas.rng.uniform(2.0, 7.0)
    if side < 0.3:  # a straight probe on a round neck loses one side in about every third patient
        edge = canvas.x - canvas.x[0] if side < 0.15 else canvas.x[-1] - canvas.x
        contact = contact + 1.8 * (1.0 - ease(edge / width))
    canvas.above(6.0).attenuation[...] += contact


def paint_deep_muscles(canvas: Canvas, anatomy: NeckAnatomy) -> None:
    """Longus colli behind each lobe and the scalene muscles behind each carotid."""
    for side, lobe, carotid in zip((-1.0, 1.0), anatomy.lobes, anatomy.carotids, strict=True):
        longus = Ellipse(side * 13.0, lobe.z + lobe.b + 4.5, 9.0, 4.2, side * -0.2)
        scalene = Ellipse(carotid.x + side * 4.0, carotid.z + 12.0, 11.0, 6.0, side * 0.35)
        for outline in (scalene, longus):
            part = canvas.around(outline, 1.5)
            distance = part.distance(outline)
            along = part.v - np.float32(np.tan(outline.angle)) * part.u
            rough = distance + 0.6 * part.texture("clouds", part.u * 0.8, part.v * 0.8)
            part.paint(rough, _muscle(part, part.u - 5.0, along, -8.0, 6.0, 0.4), 0.85, 2.0)
            part.fascia(rough, 2.5 * part.facing(distance) * np.maximum(1.6 * part.breaks() - 0.9, 0.0), 0.5)


def paint_spine(canvas: Canvas, anatomy: NeckAnatomy) -> None:
    """The front of the vertebra: a bright, broken line with a shadow behind it."""
    line = anatomy.spine_mm + 3.0 * ease((np.abs(canvas.x) - 8.0) / 10.0)
    distance = canvas.v - (line + 0.6 * smooth_curve(canvas.rng, canvas.x, 4.0))
    strength = np.clip(1.6 * canvas.breaks() - 0.7, 0.0, 2.0)
    canvas.fascia(distance, 4.5 * strength, 0.5)
    canvas.attenuation[...] += 2.0 * np.minimum(strength, 1.0) * np.exp(-((distance - 1.5) ** 2))


def _muscle(canvas: Canvas, u: Map, v: Map, base_db: float, streak_db: float, threshold: float) -> Map:
    """Backscatter of muscle: dark, with bright perimysium along `u` that recurs across `v`."""
    fibres = canvas.texture("fibres", u, v)
    bundles = canvas.texture("clouds", 0.5 * u, v)
    grains = canvas.texture("grains", u, v)
    return (
        base_db + 1.5 * bundles + 1.5 * grains + np.float32(streak_db) * np.maximum(fibres - np.float32(threshold), 0.0)
    )
