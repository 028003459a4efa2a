"""From a patient and a frame to tissue maps: paints everything, back to front."""

import numpy as np

from tfgan_thyroid.phantoms.anatomy import NeckAnatomy, ProbeView
from tfgan_thyroid.phantoms.canvas import new_canvas
from tfgan_thyroid.phantoms.config import Map, PhantomConfig
from tfgan_thyroid.phantoms.imaging import TissueMaps
from tfgan_thyroid.phantoms.layers import (
    paint_connective,
    paint_deep_muscles,
    paint_layers,
    paint_probe,
    paint_spine,
    stack_layers,
)
from tfgan_thyroid.phantoms.organs import (
    gland_distance,
    paint_gland,
    paint_nodule,
    paint_oesophagus,
    paint_trachea,
    paint_vessel,
)
from tfgan_thyroid.phantoms.textures import smooth_curve


def paint_neck(
    anatomy: NeckAnatomy,
    view: ProbeView,
    config: PhantomConfig,
    patient: np.random.Generator,
    frame: np.random.Generator,
) -> tuple[TissueMaps, Map]:
    """The acoustic properties of one frame.

    Args:
        anatomy: the patient.
        view: the frame.
        config: the scanner, which sets the grid.
        patient: the patient's random stream, in the same state for each of the patient's frames.
        frame: the frame's own random stream.

    Returns:
        The tissue maps, and on the same grid the signed distance to the thyroid gland in mm (negative inside).
    """
    canvas = new_canvas(anatomy, view, config, patient, frame)
    layers = stack_layers(canvas, anatomy)
    trachea = canvas.distance(anatomy.trachea)
    gland = gland_distance(canvas, anatomy, view, layers, trachea)
    paint_connective(canvas, anatomy, layers)
    paint_deep_muscles(canvas, anatomy)
    paint_oesophagus(canvas, anatomy.oesophagus)
    paint_layers(canvas, layers)
    paint_gland(canvas, anatomy, gland)
    for nodule in anatomy.nodules:
        paint_nodule(canvas, nodule, gland)
    for artery in anatomy.carotids:
        paint_vessel(canvas, artery, wall=3.2)
    for vein in anatomy.jugulars:
        paint_vessel(canvas, vein, wall=1.5)
    for vessel in anatomy.small_vessels:
        paint_vessel(canvas, vessel, wall=1.2)
    paint_trachea(canvas, anatomy, trachea)
    paint_spine(canvas, anatomy)
    paint_probe(canvas)
    sliders = anatomy.sliders_db * smooth_curve(patient, canvas.depth, 9.0)
    maps = TissueMaps(
        backscatter_db=canvas.backscatter,
        attenuation=canvas.attenuation * np.float32(anatomy.attenuation),
        specular=canvas.specular,
        clutter_db=canvas.clutter,
        pixel_mm=0.5 * canvas.node_mm,
        gain_db=(anatomy.gain_db + view.gain_db + sliders)[:, None].astype(np.float32),
    )
    return maps, gland
