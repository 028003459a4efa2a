"""Simulated data for trying the program without scans, made by the commands that a user would type."""

import logging
import subprocess
import sys
from pathlib import Path

from tfgan_thyroid.data.records import schema
from tfgan_thyroid.errors import UserError

LOG = logging.getLogger(__name__)


def demo_dataset(folder: Path, count: int, image_size: int, seed: int, masks: bool = False) -> Path:
    """The demo's data set under `folder`, made there unless it is there already.

    Args:
        folder: holds `scans-COUNT-SEED` and `dataset-COUNT-SEED-SIZE`.
        count: number of scans.
        image_size: pixels.
        seed: of the phantoms.
        masks: whether each scan comes with the mask of its nodules.

    Returns:
        A dataset directory whose every scan is in the train split.

    Raises:
        UserError: a command failed; it has printed why.
    """
    kind = "-masks" if masks else ""
    scans, dataset = folder / f"scans-{count}-{seed}{kind}", folder / f"dataset-{count}-{seed}-{image_size}{kind}"
    if not scans.exists():
        _run("pipeline.simulate", "--output", scans, "--count", count, "--seed", seed, *(["--masks"] if masks else []))
    if not (dataset / schema.DATASET_FILE).exists():
        labels = ("--masks", scans / "masks") if masks else ()
        images = ("--input", scans / "images", *labels, "--output", dataset, "--image-size", image_size)
        _run("pipeline.preprocess", *images, "--splits", "train=1.0", "--seed", seed)
    return dataset


def _run(module: str, *arguments: object) -> None:
    words = ["-m", module, *map(str, arguments)]
    LOG.info("$ python %s", " ".join(words))
    if subprocess.run([sys.executable, *words, "--json"], stdout=subprocess.DEVNULL).returncode:
        raise UserError(f"python -m {module} failed; its own message stands above")
