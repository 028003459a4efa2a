"""Simulated transverse thyroid scans with the gland's mask, from a seed."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfgan_thyroid.phantoms.config import PhantomConfig
from tfgan_thyroid.phantoms.imaging import render, to_pixels
from tfgan_thyroid.phantoms.margin import draw_margin
from tfgan_thyroid.phantoms.patients import sample_patient, sample_view
from tfgan_thyroid.phantoms.tissue import paint_neck

__all__ = ["Phantom", "PhantomConfig", "simulate_scan"]

DEFAULT_CONFIG = PhantomConfig()


class Phantom(NamedTuple):
    """A simulated scan."""

    image: NDArray[np.uint8]  # uint8 `[height_px, width_px]`
    mask: NDArray[np.uint8]  # uint8 `[height_px, width_px]`, 255 in the thyroid gland (nodules included), 0 elsewhere


def simulate_scan(seed: int, patient: int, frame: int, config: PhantomConfig = DEFAULT_CONFIG) -> Phantom:
    """Simulate one scan; the same numbers give the same scan, in any process and any order.

    Args:
        seed: of the whole collection, at least 0.
        patient: number of the patient, from 1. Patients differ in anatomy, textures and gain.
        frame: number of the scan of that patient, from 1. Frames differ slightly in probe position and speckle.
        config: the scanner.
    """
    if seed < 0 or patient < 1 or frame < 1:
        raise ValueError(f"seed {seed}, patient {patient}, frame {frame}: seeds start at 0, patients and frames at 1")
    patient_stream, frame_stream = random_streams(seed, patient, frame)
    anatomy, view = sample_patient(patient_stream), sample_view(frame_stream)
    maps, gland = paint_neck(anatomy, view, config, patient_stream, frame_stream)
    left = config.sector_left_px
    image = np.zeros((config.height_px, config.width_px), np.uint8)
    mask = np.zeros_like(image)
    image[:, :left] = draw_margin(config, maps.pixel_mm, anatomy.gain_db)
    image[:, left:] = render(maps, config, frame_stream)
    mask[:, left:][to_pixels(gland, config) < 0] = 255
    return Phantom(image, mask)


def random_streams(seed: int, patient: int, frame: int) -> tuple[np.random.Generator, np.random.Generator]:
    """The patient's stream, in the same state for each of the frames, and the frame's own."""
    # Frame 0 is no scan: its stream belongs to the patient.
    keys = ([seed, patient, 0], [seed, patient, frame])
    of_patient, of_frame = (np.random.default_rng(np.random.SeedSequence(key)) for key in keys)
    return of_patient, of_frame
