"""Draws simulated patients, and the frames that a probe takes of them, from a random stream."""

from collections.abc import Sequence

import numpy as np

from tfgan_thyroid.phantoms.anatomy import Ellipse, NeckAnatomy, Nodule, ProbeView

# Share of each kind among nodules.
_NODULE_KINDS = {"hypoechoic": 0.4, "isoechoic": 0.2, "hyperechoic": 0.1, "cystic": 0.15, "mixed": 0.15}


def sample_patient(rng: np.random.Generator) -> NeckAnatomy:
    """Draw a patient."""
    # Fat is skewed: about 3 mm in most patients, up to a centimetre in a few.
    skin, fat = rng.uniform(1.2, 1.9), rng.gamma(4.0, 0.75) + 0.8
    strap, sternomastoid = rng.uniform(2.2, 4.2), rng.uniform(5.0, 9.0)
    isthmus = rng.uniform(1.8, 4.5)
    front = skin + fat
    width, height = rng.uniform(7.0, 9.0), rng.uniform(7.0, 9.0)
    trachea = Ellipse(0.0, front + 1.5 + isthmus + height, width, height)

    # Some patients come because the gland is large.
    goitre = rng.choice((1.0, 1.3), p=(0.85, 0.15))
    sides = [_sample_side(rng, side, width, front, strap, sternomastoid, goitre) for side in (-1.0, 1.0)]
    lobes, carotids, jugulars = zip(*sides, strict=True)
    oesophagus = Ellipse(
        width + rng.uniform(-0.5, 2.0), trachea.z + height * 0.75, rng.uniform(3.2, 4.6), rng.uniform(2.4, 3.4)
    )
    deep = max(lobe.z + lobe.b for lobe in lobes)
    # The probe over the isthmus, or over one of the lobes, as an examination goes.
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
        lobes=lobes,
        carotids=carotids,
        jugulars=jugulars,
        oesophagus=oesophagus,
        spine_mm=deep + rng.uniform(6.0, 11.0),
        nodules=_sample_nodules(rng, lobes, centre),
        deep_mm=deep,
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


def _sample_side(
    rng: np.random.Generator,
    side: float,
    airway: float,
    front: float,
    strap: float,
    sternomastoid: float,
    goitre: float,
) -> tuple[Ellipse, Ellipse, Ellipse]:
    """Lobe, carotid and jugular of one side: beside each other, and below the muscles."""
    a, b = goitre * rng.uniform(7.0, 9.8), goitre * rng.uniform(7.0, 10.5)
    lobe = Ellipse(side * (airway + 0.62 * a), front + strap + 0.9 * b, a, b, side * rng.uniform(-0.45, 0.05))
    # The carotid lies at the lobe's side and below the muscle; the jugular outside it, flattened by the probe.
    radius = rng.uniform(3.0, 4.0)
    outside = abs(lobe.x) + 0.9 * a + radius + rng.uniform(-0.8, 0.8)
    below_muscle = front + sternomastoid + 1.0
    depth = max(lobe.z + rng.uniform(-1.0, 4.0), below_muscle + radius + rng.uniform(0.5, 2.0))
    carotid = Ellipse(side * outside, depth, radius, radius * rng.uniform(0.93, 1.0))
    a, b = rng.uniform(3.5, 6.5), rng.uniform(1.4, 4.0)
    depth = max(depth - rng.uniform(0.5, 3.0), below_muscle + b + 0.5)
    jugular = Ellipse(side * (outside + radius + 0.75 * a), depth, a, b, side * rng.uniform(0.0, 0.35))
    return lobe, carotid, jugular


def _sample_nodules(rng: np.random.Generator, lobes: Sequence[Ellipse], centre: float) -> tuple[Nodule, ...]:
    """None to two nodules, in a lobe that the probe looks at."""
    nodules = []
    # Ultrasound finds nodules in about half of adults; a frame shows those of one slice.
    for _ in range(rng.choice(3, p=(0.55, 0.33, 0.12))):
        if abs(centre) > 5.0:
            lobe = lobes[int(centre > 0)]
        else:
            lobe = lobes[rng.integers(2)]
        size = rng.uniform(0.22, 0.6)  # of the lobe: 4 to 11 mm across
        reach = 0.85 - size
        x, z = (lobe.x + reach * lobe.a * rng.uniform(-1, 1), lobe.z + reach * lobe.b * rng.uniform(-0.8, 0.8))
        a = size * lobe.a * rng.uniform(0.85, 1.1)
        outline = Ellipse(x, z, a, a * rng.uniform(0.7, 1.15), rng.uniform(-0.4, 0.4))
        kind = rng.choice(list(_NODULE_KINDS), p=list(_NODULE_KINDS.values()))
        nodules.append(Nodule(outline, str(kind), bool(kind != "cystic" and rng.random() < 0.3)))
    return tuple(nodules)


def _sample_small_vessels(rng: np.random.Generator, lobes: Sequence[Ellipse], trachea: Ellipse) -> tuple[Ellipse, ...]:
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
