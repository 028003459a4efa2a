"""The simulated patient: sizes and places of what a transverse neck scan shows, in millimetres.

x runs across the scan with 0 at the middle of the trachea (the patient's right is at negative x, as scanners show
it), z runs down from the probe. Sizes are those of adult ultrasound anatomy: lobes 13 to 20 mm wide and deep, isthmus
2 to 5 mm, trachea 14 to 18 mm, common carotid 6 to 8 mm (Ahuja and Evans, "Practical Head and Neck Ultrasound").
"""

from dataclasses import dataclass
from typing import NamedTuple


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
