"""What the job shows of its crops, and what it fills in, for a person to judge."""

import hashlib
import io
import json

import numpy as np
import pytest
from PIL import Image

from pipeline.preprocessing.sheets.crop_sheet import draw_thumbnail
from tfgan_thyroid.data.crops.policies import Crop
from tfgan_thyroid.data.records import schema

AMBER, BLUE, PINK = (255, 176, 0), (64, 160, 255), (255, 0, 160)


def smooth_scan(seed, height=96, width=128):
    """Speckle that is blurred as a scanner blurs it, in the middle of a black screen."""
    from scipy import ndimage

    noise = np.random.default_rng(seed).normal(0, 1, (height, width))
    speckle = 90 + 60 * ndimage.gaussian_filter(noise, (1.2, 2.0))
    screen = np.zeros((height + 20, width + 40), np.uint8)
    screen[10:-10, 30:-10] = np.clip(speckle, 1, 170)
    return screen


@pytest.fixture
def screens_with_calipers(tmp_path):
    """Six scans, three of them with a yellow and a white cross."""
    (tmp_path / "scans").mkdir()
    for index in range(6):
        rgb = np.repeat(smooth_scan(index)[..., None], 3, axis=-1)
        if index % 2:
            for x, y, colour in ((70, 50, (255, 255, 0)), (110, 60, (255, 255, 255))):
                rgb[y : y + 2, x - 7 : x + 9] = rgb[y - 7 : y + 9, x : x + 2] = colour
        Image.fromarray(rgb).save(tmp_path / "scans" / f"{index}.png")
    return tmp_path / "scans"


def has_colour(path, colour):
    with Image.open(path) as sheet:
        return (np.asarray(sheet.convert("RGB")) == colour).all(axis=-1).any()


def test_a_thumbnail_shows_the_whole_scan_with_its_boxes():
    scan = np.full((144, 192), 50, np.uint8)
    inpainted = np.zeros((100, 100), bool)
    inpainted[50, 50] = True
    png = draw_thumbnail(scan, Crop((30, 10, 180, 140), (40, 20, 140, 120)), inpainted)
    with Image.open(io.BytesIO(png)) as image:
        assert image.info == {}
        pixels = np.asarray(image)
    assert pixels.shape == (144, 192, 3)
    for (left, top, right, bottom), colour in (((30, 10, 180, 140), BLUE), ((40, 20, 140, 120), AMBER)):
        outline = np.zeros((144, 192), bool)
        outline[top:bottom, left:right] = True
        outline[top + 1 : bottom - 1, left + 1 : right - 1] = False
        np.testing.assert_array_equal((pixels == colour).all(axis=-1), outline)
    assert tuple(pixels[70, 90]) == PINK
    assert (pixels == 50).all(axis=-1).sum() > 26_000


@pytest.mark.parametrize("shape", [(1, 4000), (4000, 1), (5, 5)])
def test_scans_of_any_shape_have_a_thumbnail(shape):
    box = (0, 0, shape[1], shape[0])
    with Image.open(io.BytesIO(draw_thumbnail(np.zeros(shape, np.uint8), Crop(box, box), None))) as image:
        assert image.width <= 192 and image.height <= 144


def test_the_job_crops_to_the_sector_fills_in_and_says_so(screens_with_calipers, tmp_path, preprocess):
    flags = ["--crop", "auto", "--inpaint-overlays", "--splits", "train=1"]
    assert preprocess(screens_with_calipers, tmp_path / "set", *flags) == 0
    assert schema.DatasetInfo.load(tmp_path / "set").inpainted
    summary = json.loads((tmp_path / "set" / "statistics.json").read_text())["splits"]["train"]
    assert summary["crop_sizes"] == {"96x96": 6}
    touched = summary["inpainted"]["by_source_id"]
    ids = [hashlib.sha256(f"source\0{index}.png".encode()).hexdigest() for index in range(6)]
    assert set(touched) == {ids[1], ids[3], ids[5]}
    # Two crosses of 60 pixels each, and a rim of one pixel around them.
    assert all(120 <= pixels <= 320 for pixels in touched.values())
    assert summary["inpainted"]["scans"] == 3
    for colour in (AMBER, BLUE, PINK):
        assert has_colour(tmp_path / "set" / "crop_sheet.png", colour)
    assert preprocess(screens_with_calipers, tmp_path / "plain", *flags[:2], *flags[3:]) == 0
    assert not has_colour(tmp_path / "plain" / "crop_sheet.png", PINK)
    statistics = [json.loads((tmp_path / name / "statistics.json").read_text()) for name in ("set", "plain")]
    brightest = [s["splits"]["train"]["grey_levels"]["max"] for s in statistics]
    assert brightest[0] < brightest[1]
    assert "inpainted" not in statistics[1]["splits"]["train"]


def test_scans_without_overlays_are_stored_as_without_the_flag(preprocessed, tmp_path, preprocess):
    folder, dataset = preprocessed
    assert preprocess(folder, tmp_path / "set", "--inpaint-overlays", "--crop", "0,0,40,40") == 0
    summary = json.loads((tmp_path / "set" / "statistics.json").read_text())["splits"]
    untouched = sum(s["count"] - s["inpainted"]["scans"] for s in summary.values())
    assert untouched >= 0.9 * sum(schema.DatasetInfo.load(tmp_path / "set").counts.values())


def test_the_sheets_name_files_only_if_asked(preprocessed, tmp_path, preprocess):
    folder, dataset = preprocessed
    assert preprocess(folder, tmp_path / "set", "--contact-sheet-names") == 0
    for name in ("contact_sheet.png", "crop_sheet.png"):
        with Image.open(dataset / name) as plain, Image.open(tmp_path / "set" / name) as named:
            assert plain.size == named.size
            assert plain.info == named.info == {}
            differ = (np.asarray(plain) != np.asarray(named)).any(axis=-1)
        rows = np.flatnonzero(differ.any(axis=1))
        assert 0 < differ.mean() < 0.15
        assert len(set(rows // 64)) > 1  # a line of text at the foot of each tile


def test_a_dicom_region_is_asked_of_files_that_state_none(preprocessed, tmp_path, capsys, preprocess):
    from tfgan_thyroid.errors import UserError

    with pytest.raises(UserError, match="none of the 24 files was accepted: 24 no region.*--crop auto"):
        preprocess(preprocessed[0], tmp_path / "set", "--crop", "dicom-region")
