"""What `evaluate` says first of images that are no scans: never a pass."""

import re

import numpy as np
import pytest

from benchmarks.yardstick import SIZE, faulty, phantoms
from tfgan_thyroid import evaluate, needed_scans

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]

SAID = {
    "an untrained generator": "told from scans at every scale|show nothing",  # at 16 pixels it may be one grey level
    "plaid": "told from scans at every scale",
    "grey": "Generated images show nothing: 100 of 100 are of one grey level",
    "copies, blurred": "Generated images copy scans",
}


def small(images):
    """Averaged down to 16 pixels: the scale at which the faults look most like scans, and quick."""
    squares = images.reshape(len(images), 16, SIZE // 16, 16, SIZE // 16, 1)
    return np.rint(squares.mean(axis=(2, 4))).astype(np.uint8)


@pytest.fixture(scope="module")
def kinds():
    scans = phantoms(0, needed_scans.TO_JUDGE // 2, 2)
    return small(scans.images), {
        name: small(images) for name, images in faulty(scans, phantoms(1, needed_scans.TO_JUDGE, 1)).items()
    }


@pytest.mark.parametrize("name", SAID)
def test_images_that_are_no_scans_are_told_in_the_first_line(kinds, name, write_folder, tmp_path, capsys):
    folders = write_folder("real", kinds[0]), write_folder("generated", kinds[1][name])
    words = ["--real", folders[0], "--generated", folders[1], "--metrics", "two-sample", "--output", tmp_path / "out"]
    assert evaluate.main([*map(str, words), "--samples", "50", "--draws", "2"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert re.search(SAID[name], first, re.IGNORECASE), first
    assert first in (tmp_path / "out" / "report.html").read_text()
