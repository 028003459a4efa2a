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
    """A nodule of the gland."""

    outline: Ellipse  # its ellipse
    kind: str  # "hypoechoic", "isoechoic", "hyperechoic", "cystic" or "mixed"
    calcified: bool  # whether bright calcifications lie in it


@dataclass(frozen=True)
class NeckAnatomy:
    """One patient."""

    field_mm: float  # width of the sector
    centre_mm: float  # x that the middle of the sector looks at
    gain_db: float  # what the patient's tissue and the operator's setting add to the brightness
    thyroid_db: float  # echogenicity of the gland against its mean over patients
    attenuation: float  # factor on the attenuation of all tissue
    skin_mm: float  # thickness of the skin
    fat_mm: float  # thickness of the subcutaneous fat
    strap_mm: float  # thickness of the strap muscles over the lobes
    sternomastoid_mm: float  # thickness of the sternocleidomastoid at the carotid
    isthmus_mm: float  # thickness of the isthmus
    trachea: Ellipse  # outline of the trachea
    lobes: tuple[Ellipse, Ellipse]  # outlines of the right and the left lobe
    carotids: tuple[Ellipse, Ellipse]  # lumina of the right and the left common carotid artery
    jugulars: tuple[Ellipse, Ellipse]  # lumina of the right and the left internal jugular vein
    oesophagus: Ellipse  # outline of the oesophagus, behind the left lobe
    spine_mm: float  # depth of the front of the vertebral body
    nodules: tuple[Nodule, ...]  # none to two
    deep_mm: float  # depth behind which tissue may attenuate more
    deep_attenuation: float  # there, in dB/(cm MHz)
    sliders_db: float  # unevenness of the operator's depth gain, standard deviation
    small_vessels: tuple[Ellipse, ...]  # lumina of veins and arteries around the gland
    coarse_db: float  # heterogeneity of the gland, standard deviation
    mastoid_edge_mm: float  # |x| at which the sternocleidomastoid begins
    cartilage_mm: float  # thickness of the tracheal rings
    reverberation_mm: float  # spacing of the echoes behind the front of the airway
    reverberation_db: float  # their level at the front of the airway, against thyroid tissue at the probe


@dataclass(frozen=True)
class ProbeView:
    """How one frame differs from the patient's other frames."""

    shift_mm: float  # sideways shift of the probe
    tilt: float  # slope of the anatomy against the probe (mm of depth per mm across)
    squeeze: float  # factor on depths, from pressing harder or softer
    swell: float  # factor on the lobes' size, from a neighbouring slice
    gain_db: float  # change of gain
    drift: float  # share of tissue texture that the neighbouring slice does not have in common, 0 to 1
