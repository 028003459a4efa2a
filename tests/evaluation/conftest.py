"""Phantom scans through the project's own simulator and preprocessing."""

import numpy as np
import pytest

from tfgan_thyroid.data.phantoms import PhantomConfig, simulate_scan
from tfgan_thyroid.data.preprocessing import crop, resize

FRAMES = 2
# A third of the usual scanner's pixels, for speed; and its image sector without the margin.
SCANNER = PhantomConfig(
    height_px=292, width_px=389, sector_left_px=97, lateral_speckle_px=(1.8, 2.3), axial_speckle_px=1.5
)
SECTOR = (97, 0, 389, 292)


def phantom_scans(seed, patients, size=64):
    """uint8 `[2 * patients, size, size, 1]`, two frames of each patient, and whose they are."""
    scans, groups = [], []
    for patient in range(1, patients + 1):
        for frame in range(1, FRAMES + 1):
            image = simulate_scan(seed, patient, frame, SCANNER).image
            scans.append(resize(crop(image, SECTOR), size))
            groups.append(patient)
    return np.stack(scans)[..., None], np.array(groups)


@pytest.fixture(scope="session")
def phantoms():
    """Training scans with their groups, held-out scans, and scans of the same simulator that stand for generated."""
    training, groups = phantom_scans(0, 25)
    return training, groups, phantom_scans(1, 15)[0], phantom_scans(2, 15)[0]
