"""Phantom scans through the project's own simulator and preprocessing, a small run, its SavedModel, and folders."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tfgan_thyroid.data.preprocessing import crop, resize
from tfgan_thyroid.data.records.examples import encode_example, write_record
from tfgan_thyroid.data.records.schema import SCHEMA_VERSION, DatasetInfo, shard_name, split_directory
from tfgan_thyroid.data.scans.files import encode_png
from tfgan_thyroid.models.registry import build_model
from tfgan_thyroid.phantoms.phantom import PhantomConfig, simulate_scan
from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.run_directory import RunDirectory, RunRecord, append_line, current_stack
from tfgan_thyroid.serving.export.saved_model import export_generator

FRAMES = 2
# A fifth of the usual scanner's pixels, for speed; and its image sector without the margin.
SCANNER = PhantomConfig(
    height_px=175, width_px=233, sector_left_px=58, lateral_speckle_px=(1.5, 1.6), axial_speckle_px=1.5
)
SECTOR = (58, 0, 233, 175)


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


def write_split(directory, split, seed, count, size=16):
    """One shard of textures, two of each patient."""
    rng = np.random.default_rng(seed)
    fields = gaussian_filter(rng.normal(size=(count, size, size)), (0, 2, 2))
    fields = 110 + 40 * fields / fields.std(axis=(1, 2), keepdims=True) + rng.normal(0, 10, fields.shape)
    folder = split_directory(directory, split)
    folder.mkdir(parents=True)
    with (folder / shard_name(0, 1)).open("wb") as file:
        for index, image in enumerate(np.clip(fields, 0, 255).astype(np.uint8)):
            ids = {"source_id": f"{index:x}", "group_id": f"{split}{index // 2:x}", "sha256": "0"}
            write_record(file, encode_example(encode_png(image), height=size, width=size, **ids))
    return count


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    """A data set of 24 training scans and 8 held-out ones that metrics can be computed on."""
    directory = tmp_path_factory.mktemp("textures") / "dataset"
    counts = {"train": write_split(directory, "train", 0, 24), "eval": write_split(directory, "eval", 1, 8), "test": 0}
    info = (SCHEMA_VERSION, counts, 16, 1, False, "none", "lanczos", 0, "pattern", "0", "digest-of-textures")
    DatasetInfo(*info).save(directory)
    return directory


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
            (folder / f"patient-smith-{index:03d}.png").write_bytes(encode_png(image[:, :, 0]))
        return folder

    return write
