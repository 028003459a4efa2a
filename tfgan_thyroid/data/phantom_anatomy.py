"""The simulated patient: sizes and places of what a transverse neck scan shows, in millimetres.

x runs across the scan with 0 at the middle of the trachea (the patient's right is at negative x, as scanners show
it), z runs down from the probe. Sizes are those of adult ultrasound anatomy: lobes 13 to 20 mm wide and deep, isthmus
2 to 5 mm, trachea 15 to 20 mm, common carotid 6 to 8 mm (Ahuja and Evans, "Practical Head and Neck Ultrasound").
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Ellipse(NamedTuple):
    """Centre, semi-axes and rotation (radians) of an ellipse, in millimetres."""

    x: float
    z: float
    a: float
    b: float
    angle: float = 0.0


class Nodule(NamedTuple):
    """A nodule of the gland.

    Attributes:
        outline: its ellipse.
        kind: "hypoechoic", "isoechoic", "hyperechoic", "cystic" or "mixed".
        calcified: whether bright calcifications lie in it.
    """

    outline: Ellipse
    kind: str
    calcified: bool


NODULE_KINDS = {
    "hypoechoic": 0.4,
    "isoechoic": 0.2,
    "hyperechoic": 0.1,
    "cystic": 0.15,
    "mixed": 0.15,
}


@dataclass(frozen=True)
class NeckAnatomy:
    """One patient.

    Attributes:
        field_mm: width of the sector.
        centre_mm: x that the middle of the sector looks at.
        gain_db: what the patient's tissue and the operator's setting add to the brightness.
        thyroid_db: echogenicity of the gland against its mean over patients.
        attenuation: factor on the attenuation of all tissue.
        skin_mm: thickness of the skin.
        fat_mm: thickness of the subcutaneous fat.
        strap_mm: thickness of the strap muscles over the lobes.
        sternomastoid_mm: thickness of the sternocleidomastoid at the carotid.
        isthmus_mm: thickness of the isthmus.
        trachea: outline of the trachea.
        lobes: outlines of the right and the left lobe.
        carotids: lumina of the right and the left common carotid artery.
        jugulars: lumina of the right and the left internal jugular vein.
        oesophagus: outline of the oesophagus, behind the left lobe.
        spine_mm: depth of the front of the vertebral body.
        nodules: none to two.
        deep_mm: depth behind which tissue may attenuate more.
        deep_attenuation: there, in dB/(cm MHz).
        sliders_db: unevenness of the operator's depth gain, standard deviation.
        small_vessels: lumina of veins and arteries around the gland.
        coarse_db: heterogeneity of the gland, standard deviation.
        mastoid_edge_mm: |x| at which the sternocleidomastoid begins.
        cartilage_mm: thickness of the tracheal rings.
        reverberation_mm: spacing of the echoes behind the front of the airway.
        reverberation_db: their level at the front of the airway, against thyroid tissue at the probe.
    """

    field_mm: float
    centre_mm: float
    gain_db: float
    thyroid_db: float
    attenuation: float
    skin_mm: float
    fat_mm: float
    strap_mm: float
    sternomastoid_mm: float
    isthmus_mm: float
    trachea: Ellipse
    lobes: tuple[Ellipse, Ellipse]
    carotids: tuple[Ellipse, Ellipse]
    jugulars: tuple[Ellipse, Ellipse]
    oesophagus: Ellipse
    spine_mm: float
    nodules: tuple[Nodule, ...]
    deep_mm: float
    deep_attenuation: float
    sliders_db: float
    small_vessels: tuple[Ellipse, ...]
    coarse_db: float
    mastoid_edge_mm: float
    cartilage_mm: float
    reverberation_mm: float
    reverberation_db: float


@dataclass(frozen=True)
class ProbeView:
    """How one frame differs from the patient's other frames.

    Attributes:
        shift_mm: sideways shift of the probe.
        tilt: slope of the anatomy against the probe (mm of depth per mm across).
        squeeze: factor on depths, from pressing harder or softer.
        swell: factor on the lobes' size, from a neighbouring slice.
        gain_db: change of gain.
        drift: share of tissue texture that the neighbouring slice does not have in common, 0 to 1.
    """

    shift_mm: float
    tilt: float
    squeeze: float
    swell: float
    gain_db: float
    drift: float


def sample_patient(rng: np.random.Generator) -> NeckAnatomy:
    """Draw a patient."""
    skin, fat = rng.uniform(1.2, 1.9), rng.gamma(4.0, 0.75) + 0.8
    strap, sternomastoid = rng.uniform(2.2, 4.2), rng.uniform(5.0, 9.0)
    isthmus = rng.uniform(1.8, 4.5)
    front = skin + fat
    width, height = rng.uniform(7.0, 9.0), rng.uniform(7.0, 9.0)
    trachea = Ellipse(0.0, front + 1.5 + isthmus + height, width, height)

    lobes, carotids, jugulars = [], [], []
    goitre = rng.choice((1.0, 1.3), p=(0.85, 0.15))
    for side in (-1.0, 1.0):
        a, b = goitre * rng.uniform(7.0, 9.8), goitre * rng.uniform(7.0, 10.5)
        lobe = Ellipse(
            side * (width + 0.62 * a),
            front + strap + 0.9 * b,
            a,
            b,
            side * rng.uniform(-0.45, 0.05),
        )
        radius = rng.uniform(3.0, 4.0)
        outside = abs(lobe.x) + 0.9 * a + radius + rng.uniform(-0.8, 0.8)
        below_muscle = front + sternomastoid + 1.0 + radius
        depth = max(lobe.z + rng.uniform(-1.0, 4.0), below_muscle + rng.uniform(0.5, 2.0))
        carotids.append(Ellipse(side * outside, depth, radius, radius * rng.uniform(0.93, 1.0)))
        vein_a, vein_b = rng.uniform(3.5, 6.5), rng.uniform(1.4, 4.0)
        vein_z = max(depth - rng.uniform(0.5, 3.0), below_muscle - radius + vein_b + 0.5)
        jugulars.append(
            Ellipse(
                side * (outside + radius + 0.75 * vein_a),
                vein_z,
                vein_a,
                vein_b,
                side * rng.uniform(0, 0.35),
            )
        )
        lobes.append(lobe)

    oesophagus = Ellipse(
        width + rng.uniform(-0.5, 2.0),
        trachea.z + height * 0.75,
        rng.uniform(3.2, 4.6),
        rng.uniform(2.4, 3.4),
    )
    view = rng.choice(3, p=(0.4, 0.3, 0.3))
    centre = (rng.normal(0.0, 2.0), -rng.uniform(7.0, 16.0), rng.uniform(7.0, 16.0))[view]
    return NeckAnatomy(
        field_mm=rng.uniform(38.0, 50.0),
        centre_mm=centre,
        gain_db=rng.normal(0.0, 2.6),
        thyroid_db=rng.normal(0.0, 1.0),
        attenuation=rng.uniform(0.9, 1.12),
        skin_mm=skin,
        fat_mm=fat,
        strap_mm=strap,
        sternomastoid_mm=sternomastoid,
        isthmus_mm=isthmus,
        trachea=trachea,
        lobes=(lobes[0], lobes[1]),
        carotids=(carotids[0], carotids[1]),
        jugulars=(jugulars[0], jugulars[1]),
        oesophagus=oesophagus,
        spine_mm=max(lobes[0].z + lobes[0].b, lobes[1].z + lobes[1].b) + rng.uniform(6.0, 11.0),
        nodules=_sample_nodules(rng, lobes, centre),
        deep_mm=max(lobe.z + lobe.b for lobe in lobes),
        deep_attenuation=rng.uniform(0.6, 1.5),
        sliders_db=rng.uniform(0.5, 2.0),
        small_vessels=_sample_small_vessels(rng, lobes, trachea),
        coarse_db=rng.uniform(0.7, 2.4),
        mastoid_edge_mm=rng.uniform(8.0, 15.0),
        cartilage_mm=rng.uniform(0.9, 1.5),
        reverberation_mm=rng.uniform(1.3, 2.4),
        reverberation_db=rng.uniform(-15.0, -6.0),
    )


def sample_view(rng: np.random.Generator) -> ProbeView:
    """Draw a frame of a patient: small against the differences between patients."""
    return ProbeView(
        shift_mm=rng.normal(0.0, 1.2),
        tilt=rng.normal(0.0, 0.02),
        squeeze=1.0 + rng.normal(0.0, 0.02),
        swell=1.0 + rng.normal(0.0, 0.025),
        gain_db=rng.normal(0.0, 0.5),
        drift=rng.uniform(0.1, 0.5),
    )


def _sample_nodules(rng: np.random.Generator, lobes: list[Ellipse], centre: float) -> tuple[Nodule, ...]:
    nodules = []
    for _ in range(rng.choice(3, p=(0.55, 0.33, 0.12))):
        if abs(centre) > 5.0:
            lobe = lobes[int(centre > 0)]
        else:
            lobe = lobes[rng.integers(2)]
        size = rng.uniform(0.22, 0.6)
        reach = 0.85 - size
        x, z = (
            lobe.x + reach * lobe.a * rng.uniform(-1, 1),
            lobe.z + reach * lobe.b * rng.uniform(-0.8, 0.8),
        )
        a = size * lobe.a * rng.uniform(0.85, 1.1)
        outline = Ellipse(x, z, a, a * rng.uniform(0.7, 1.15), rng.uniform(-0.4, 0.4))
        kind = rng.choice(list(NODULE_KINDS), p=list(NODULE_KINDS.values()))
        nodules.append(Nodule(outline, str(kind), bool(kind != "cystic" and rng.random() < 0.3)))
    return tuple(nodules)


def _sample_small_vessels(rng: np.random.Generator, lobes: list[Ellipse], trachea: Ellipse) -> tuple[Ellipse, ...]:
    """A few thyroid vessels on the rim of the lobes and some within."""
    vessels = []
    for lobe in lobes:
        for _ in range(rng.integers(0, 4)):
            angle, reach = rng.uniform(0.0, 2.0 * np.pi), rng.choice((0.5, 1.0))
            radius = rng.uniform(0.3, 0.9)
            x, z = lobe.x + reach * lobe.a * np.cos(angle), lobe.z + reach * lobe.b * np.sin(angle)
            if np.hypot((x - trachea.x) / (trachea.a + 1.5), (z - trachea.z) / (trachea.b + 1.5)) > 1.0:
                vessels.append(Ellipse(x, z, radius * rng.uniform(1.0, 2.0), radius, rng.uniform(-0.5, 0.5)))
    return tuple(vessels)
