"""What a look at a few scans finds before the job starts."""

import numpy as np
import pytest
from PIL import Image

from pipeline.preprocess import read_job
from pipeline.preprocessing.inputs.group_scans import likely_pattern
from pipeline.preprocessing.probe import probe_scans


def tissue(seed, shape=(240, 320)):
    """Speckle as a scanner shows it: smooth over a few pixels."""
    from scipy import ndimage

    noise = np.random.default_rng(seed).normal(size=shape)
    return np.clip(100 + 120 * ndimage.gaussian_filter(noise, 2.0), 0, 255).astype(np.uint8)


def probe(folder, *flags):
    words = ["--input", str(folder), "--output", str(folder.parent / "set"), "--image-size", "64", *flags]
    job = read_job(words)
    return probe_scans(job.scans, job.settings)


def write(folder, change):
    folder.mkdir()
    for index in range(3):
        Image.fromarray(change(tissue(index))).save(folder / f"{index}.png")
    return folder


def doppler(pixels):
    colour = np.stack([pixels] * 3, axis=-1)
    colour[60:140, 120:240] = (220, 30, 20)
    return colour


def on_a_screen(pixels):
    screen = np.zeros((480, 640), np.uint8)
    screen[200:440, 160:480] = pixels
    return screen


def with_calipers(pixels):
    for row, column in ((80, 150), (160, 250)):
        pixels[row - 8 : row + 9, column - 1 : column + 2] = 250
        pixels[row - 1 : row + 2, column - 8 : column + 9] = 250
    return pixels


@pytest.mark.parametrize(
    ("change", "found", "mended"),
    [
        (lambda pixels: pixels, (0, 0, 0), ()),
        (doppler, (3, 0, 0), ()),
        (with_calipers, (0, 3, 0), ("--inpaint-overlays",)),
        (on_a_screen, (0, 0, 3), ("--crop", "auto")),
    ],
)
def test_colour_calipers_and_margins_are_found_and_mended(tmp_path, change, found, mended):
    folder = write(tmp_path / "scans", change)
    result = probe(folder)
    assert (result.coloured, result.drawn_on, result.margins) == found
    if mended:
        result = probe(folder, *mended)
        assert (result.coloured, result.drawn_on, result.margins) == (0, 0, 0)


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        ([b"smith_1.png", b"smith_2.png", b"jones_1.png", b"jones_2.png"], 2),
        ([b"p01/a.png", b"p01/b.png", b"p02/a.png", b"p02/c.png"], 2),
        (
            [
                b"20220112VAS_slice_1069.png",
                b"20220112VAS_slice_1353.png",
                b"2023VAS_slice_1.png",
                b"2023VAS_slice_2.png",
            ],
            2,
        ),
        ([b"000001.jpg", b"000002.jpg", b"000003.jpg", b"000004.jpg"], None),
        ([b"a_1.png", b"b_1.png", b"c_1.png", b"d_1.png"], None),
    ],
)
def test_names_that_look_like_patients_give_a_pattern(names, groups):
    from pipeline.preprocessing.inputs.group_scans import group_of

    pattern = likely_pattern(names)
    assert (pattern and len({group_of(pattern, name) for name in names})) == groups
