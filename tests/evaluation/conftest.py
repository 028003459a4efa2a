"""Phantom scans through the project's own simulator and preprocessing, a small run, its SavedModel, and folders."""

import numpy as np
import pytest

from tfgan_thyroid.callbacks import checkpoints
from tfgan_thyroid.data.phantoms import PhantomConfig, simulate_scan
from tfgan_thyroid.data.preprocessing import crop, resize
from tfgan_thyroid.data.scan_files import encode_png
from tfgan_thyroid.data.schema import DatasetInfo
from tfgan_thyroid.models.registry import build_model
from tfgan_thyroid.run_directory import RunDirectory, RunRecord, append_line, current_stack
from tfgan_thyroid.serving.saved_model import export_generator

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


@pytest.fixture(scope="session")
def run(tiny_config, dataset, tmp_path_factory):
    """A run of initial weights with a few logged iterations; tests that change it copy it."""
    config = tiny_config.replace(latent_size=8, iterations=3)
    record = RunRecord(config, str(dataset), "train", DatasetInfo.load(dataset).digest, current_stack(), "0")
    run = RunDirectory.create(tmp_path_factory.mktemp("runs"), record)
    checkpoints.save(run, build_model(config))
    for iteration in (1, 2, 3):
        losses = {"d_loss": -1.0 * iteration, "g_loss": 0.5, "gp_image": 0.1, "recon_l1": 0.3}
        append_line(run.stats_file, {"iteration": iteration, **losses, "images_per_second": 10.0})
    return run


@pytest.fixture(scope="session")
def saved_model(run, tmp_path_factory):
    """`saved_models/thyroid` with one version."""
    output = tmp_path_factory.mktemp("saved_models") / "thyroid"
    export_generator(run, output)
    return output


@pytest.fixture
def write_folder(tmp_path):
    """Writes images as PNG files into a new folder."""

    def write(name, images):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        for index, image in enumerate(images):
            (folder / f"patient-smith-{index}.png").write_bytes(encode_png(image[:, :, 0]))
        return folder

    return write
