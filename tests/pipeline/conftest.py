"""Small scans, sound and broken, and the preprocessing command."""

import io

import numpy as np
import pytest
from PIL import Image

SIZE = 16


def random_scan(seed, height=40, width=56):
    rng = np.random.default_rng(seed)
    return np.clip(rng.normal(90, 30, (height, width)), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def scan():
    return random_scan


@pytest.fixture(scope="session")
def write_scans():
    """Writes one random scan a name into a folder, which it returns."""

    def write(folder, names, first_seed=0):
        folder.mkdir(parents=True, exist_ok=True)
        for index, name in enumerate(names):
            Image.fromarray(random_scan(first_seed + index)).save(folder / name)
        return folder

    return write


@pytest.fixture(scope="session")
def write_broken_scans():
    """Writes five files that preprocessing refuses; returns the reason for each."""

    def write(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "empty.png").touch()
        (folder / "notes.txt").write_text("left knee")
        whole = io.BytesIO()
        Image.fromarray(random_scan(0)).save(whole, "PNG")
        (folder / "cut.png").write_bytes(whole.getvalue()[:500])
        Image.fromarray(random_scan(0, 12, 12)).save(folder / "tiny.png")
        (folder / "dangling.png").symlink_to(folder / "missing")
        return {
            "cut.png": "truncated",
            "dangling.png": "unreadable",
            "empty.png": "empty",
            "notes.txt": "not an image",
            "tiny.png": "too small",
        }

    return write


@pytest.fixture(scope="session")
def preprocess():
    """The command, at 16 pixels."""
    from pipeline.preprocess import main

    def run(folder, output, *flags):
        return main(["--input", str(folder), "--output", str(output), "--image-size", str(SIZE), *map(str, flags)])

    return run


@pytest.fixture(scope="session")
def patients():
    """File names of so many simulated patients with so many frames each."""
    return lambda count, frames: [f"patient{p:02}_frame{f}.png" for p in range(count) for f in range(frames)]


@pytest.fixture(scope="session")
def tree():
    """Every file below a directory and its bytes."""

    def read(directory):
        return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}

    return read


@pytest.fixture(scope="session")
def preprocessed(tmp_path_factory, write_scans, patients, preprocess):
    """Eight patients of three frames, and the data set made of them."""
    root = tmp_path_factory.mktemp("preprocess")
    folder = write_scans(root / "scans", patients(8, 3))
    assert preprocess(folder, root / "dataset") == 0
    return folder, root / "dataset"
