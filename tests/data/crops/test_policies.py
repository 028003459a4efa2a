import numpy as np
import pytest

from tfgan_thyroid.data.crops.policies import find_crop
from tfgan_thyroid.data.preprocessing import crop
from tfgan_thyroid.data.scans.scan import Scan, ScanError
from tfgan_thyroid.errors import UserError


def blank(height, width, region=None):
    return Scan(np.zeros((height, width), np.uint8), region)


@pytest.fixture
def speckle_on_black():
    """A scan of 100 x 200 pixels with tissue in columns 60 to 159 and rows 10 to 89."""
    pixels = np.zeros((100, 200), np.uint8)
    pixels[10:90, 60:160] = np.random.default_rng(0).integers(20, 70, (80, 100))
    return Scan(pixels)


def test_the_papers_crop_keeps_columns_292_to_1166():
    box = find_crop("right-square", blank(875, 1167)).kept
    assert box == (292, 0, 1167, 875)
    columns = np.broadcast_to(np.arange(1167), (875, 1167))
    kept = [crop(part.astype(np.uint8), box) for part in (columns % 256, columns // 256)]
    expected = np.broadcast_to(np.arange(292, 1167), (875, 875))
    np.testing.assert_array_equal(kept[1].astype(int) * 256 + kept[0], expected)


@pytest.mark.parametrize(
    ("policy", "height", "width", "box"),
    [
        ("right-square", 749, 709, (0, 20, 709, 729)),
        ("center-square", 500, 718, (109, 0, 609, 500)),
        ("center-square", 749, 709, (0, 20, 709, 729)),
        ("none", 500, 718, (0, 0, 718, 500)),
        ("10,20,30,40", 60, 40, (10, 20, 40, 60)),
    ],
)
def test_crop_boxes(policy, height, width, box):
    assert find_crop(policy, blank(height, width)) == ((0, 0, width, height), box)


@pytest.mark.parametrize(
    ("policy", "box"),
    [
        ("dicom-region", (60, 10, 140, 90)),
        ("dicom-region:right-square", (70, 10, 150, 90)),
        ("dicom-region:none", (50, 10, 150, 90)),
    ],
)
def test_a_stated_region_is_cropped_to_a_shape(policy, box):
    assert find_crop(policy, blank(100, 200, (50, 10, 150, 90))) == ((50, 10, 150, 90), box)


def test_a_scan_without_a_stated_region_says_so():
    with pytest.raises(ScanError, match="no ultrasound region.*--crop auto") as caught:
        find_crop("dicom-region", blank(100, 200))
    assert caught.value.reason == "no region"


@pytest.mark.parametrize(
    ("policy", "box"),
    [("auto", (70, 10, 150, 90)), ("auto:right-square", (80, 10, 160, 90)), ("auto:none", (60, 10, 160, 90))],
)
def test_a_sector_that_is_seen_is_cropped_to_a_shape(speckle_on_black, policy, box):
    assert find_crop(policy, speckle_on_black) == ((60, 10, 160, 90), box)


def test_a_frame_without_tissue_says_so():
    with pytest.raises(ScanError, match="looks like tissue") as caught:
        find_crop("auto", blank(100, 200))
    assert caught.value.reason == "no sector"


@pytest.mark.parametrize(
    "policy",
    ["left-square", "", "1,2,3", "1,2,3,4,5", "-1,0,5,5", "0,0,0,5", "a,b,c,d", "auto:", "auto:round", "none:auto"],
)
def test_an_unknown_crop_lists_the_known_ones(policy):
    with pytest.raises(UserError, match="right-square, center-square, none, auto, dicom-region.*LEFT,TOP,WIDTH,HEIGHT"):
        find_crop(policy, blank(100, 100))


@pytest.mark.parametrize("policy", ["11,0,30,40", "0,21,30,40"])
def test_a_box_outside_the_scan_is_refused(policy):
    with pytest.raises(ScanError, match="reaches over 40x60") as caught:
        find_crop(policy, blank(60, 40))
    assert caught.value.reason == "too small"
