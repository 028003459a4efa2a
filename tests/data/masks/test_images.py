import numpy as np
import pytest
from PIL import Image

from tfgan_thyroid.data.masks.images import read_mask_image
from tfgan_thyroid.data.masks.labels import MaskLabel
from tfgan_thyroid.data.scans.scan import ScanError


def read(path, image, label=None, may_be_absent=False):
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(path)
    with open(path, "rb") as file:
        return read_mask_image(file, MaskLabel(label, may_be_absent))


def refusal(*arguments, **options):
    with pytest.raises(ScanError) as caught:
        read(*arguments, **options)
    return caught.value.reason


def indexed(numbers):
    """A palette image as annotation tools write it: the colours say nothing, the indices do."""
    image = Image.fromarray(np.array(numbers, np.uint8))
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 128, 128, 128])
    return image


@pytest.mark.parametrize(
    "mask",
    [
        np.array([[0, 1, 1]], np.uint8),
        np.array([[0, 255, 255]], np.uint8),
        np.array([[3, 250, 129]], np.uint8),
        np.array([[0, 65535, 65535]], np.uint16),
        np.array([[0, 1, 1]], np.uint16),
        np.array([[[0, 0, 0], [255, 0, 0], [0, 128, 0]]], np.uint8),
        np.array([[False, True, True]]),
    ],
    ids=["zeros and ones", "0 and 255", "soft edges", "16 bit", "16-bit ones", "colour", "1 bit"],
)
def test_masks_of_every_kind_become_0_and_255(tmp_path, mask):
    np.testing.assert_array_equal(read(tmp_path / "mask.png", mask), [[0, 255, 255]])


def test_an_empty_mask_is_a_mask_and_a_map_of_labels_is_not(tmp_path):
    assert not read(tmp_path / "empty.png", np.zeros((3, 4), np.uint8)).any()
    assert refusal(tmp_path / "labels.png", np.array([[0, 1, 2, 3]], np.uint8)) == "not binary"


@pytest.mark.parametrize(
    "image",
    [indexed([[0, 1, 2, 3]]), np.array([[0, 1, 2, 3]], np.uint8), np.array([[0, 1, 2, 3]], np.uint16)],
    ids=["palette", "grey", "16 bit"],
)
def test_a_label_is_taken_by_its_number(tmp_path, image):
    np.testing.assert_array_equal(read(tmp_path / "labels.png", image, "2"), [[0, 0, 255, 0]])
    np.testing.assert_array_equal(read(tmp_path / "labels.png", image, "3"), [[0, 0, 0, 255]])


def test_a_label_that_is_not_there_is_refused_unless_it_may_be_absent(tmp_path):
    assert refusal(tmp_path / "a.png", indexed([[0, 1, 1]]), "2") == "label unknown"
    assert not read(tmp_path / "a.png", indexed([[0, 1, 1]]), "2", may_be_absent=True).any()
    assert not read(tmp_path / "a.png", indexed([[0, 0, 0]]), "2").any()


def test_a_palette_of_several_colours_asks_for_the_label(tmp_path):
    assert refusal(tmp_path / "a.png", indexed([[0, 1, 2]])) == "of several labels"
    np.testing.assert_array_equal(read(tmp_path / "a.png", indexed([[0, 1, 1]])), [[0, 255, 255]])
    greys = Image.fromarray(np.array([[0, 100, 200, 255]], np.uint8))
    greys.putpalette([level for level in range(256) for _ in range(3)])
    np.testing.assert_array_equal(read(tmp_path / "a.png", greys), [[0, 0, 255, 255]])


def test_labels_beyond_a_byte_and_colours_have_no_number(tmp_path):
    assert refusal(tmp_path / "a.png", np.array([[0, 256]], np.uint16), "2") == "unsupported pixel format"
    assert refusal(tmp_path / "a.png", np.zeros((2, 2, 3), np.uint8), "2") == "unsupported pixel format"
