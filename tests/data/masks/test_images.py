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
        np.array([[[0, 0, 0], [255, 0, 0], [128, 0, 0]]], np.uint8),
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


def blocks(*values):
    """A picture of background with a square of each value: what structures look like."""
    image = np.zeros((40, 60, *np.shape(values[0])), np.uint8)
    for index, value in enumerate(values):
        image[5:30, 5 + 15 * index : 15 + 15 * index] = value
    return image


@pytest.mark.parametrize(
    "values",
    [
        [(200, 0, 0), (0, 200, 0)],
        [(255, 0, 0), (255, 255, 0)],
        [(128, 0, 0), (128, 128, 128)],
        [128, 255],
        [127, 255],
        [1, 255],
        [254, 255],
        [85, 170, 255],
    ],
    ids=str,
)
@pytest.mark.parametrize("form", ["png", "bmp", "tif"])
def test_flat_areas_of_several_values_are_several_structures(tmp_path, values, form):
    assert refusal(tmp_path / f"a.{form}", blocks(*values)) == "of several labels"


@pytest.mark.parametrize("values", [[127, 255], [85, 170, 255], [(200, 0, 0), (0, 0, 200)]], ids=str)
def test_jpeg_does_not_hide_several_structures(tmp_path, values):
    large = np.kron(blocks(*values), np.ones((4, 4, 1)[: np.ndim(values[0]) + 2], np.uint8))
    Image.fromarray(large).save(tmp_path / "a.jpg", quality=75)
    Image.open(tmp_path / "a.jpg").save(tmp_path / "a.png")
    for name in ("a.jpg", "a.png"):
        with open(tmp_path / name, "rb") as file, pytest.raises(ScanError) as caught:
            read_mask_image(file, MaskLabel())
        assert caught.value.reason == "of several labels"


def test_sixteen_bits_hide_no_structures(tmp_path):
    values = blocks(128, 255).astype(np.uint16) * 257
    assert refusal(tmp_path / "a.png", values) == "of several labels"
    assert refusal(tmp_path / "a.png", blocks(1, 255).astype(np.uint16) * 257) == "of several labels"
    np.testing.assert_array_equal(read(tmp_path / "a.png", blocks(255).astype(np.uint16) * 257), blocks(255))


@pytest.mark.parametrize("quality", [20, 50, 75, 95])
def test_soft_edges_and_what_jpeg_leaves_are_one_structure(tmp_path, quality):
    rows, columns = np.mgrid[:200, :300]
    disc = np.where((rows - 100) ** 2 + (columns - 150) ** 2 < 80**2, 255, 0).astype(np.uint8)
    smooth = Image.fromarray(disc).resize((150, 100), Image.Resampling.BICUBIC)
    large = Image.fromarray(disc).resize((600, 400), Image.Resampling.BILINEAR)
    for image in (Image.fromarray(disc), smooth, large):
        expected = np.where(np.asarray(image) >= 128, 255, 0)
        np.testing.assert_array_equal(read(tmp_path / "a.png", image), expected)
        np.testing.assert_array_equal(read(tmp_path / "a.png", image.convert("RGB")), expected)
        image.save(tmp_path / "a.jpg", quality=quality)
        with open(tmp_path / "a.jpg", "rb") as file:
            assert (read_mask_image(file, MaskLabel()) != expected).mean() < 0.01


@pytest.mark.parametrize("colour", [255, 0])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_a_shape_that_stands_in_the_transparency_alone_is_refused(tmp_path, colour, mode):
    shape = blocks(255)
    layers = [np.full_like(shape, colour)] * (3 if mode == "RGBA" else 1) + [shape]
    assert refusal(tmp_path / "a.png", np.stack(layers, axis=-1)) == "unsupported pixel format"


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_that_says_the_same_as_the_colour_or_nothing_is_read(tmp_path, mode):
    shape = blocks(255)
    for alpha in (shape, np.full_like(shape, 255), np.full_like(shape, 100)):
        layers = [shape] * (3 if mode == "RGBA" else 1) + [alpha]
        np.testing.assert_array_equal(read(tmp_path / "a.png", np.stack(layers, axis=-1)), shape)
    layers = [shape] * (3 if mode == "RGBA" else 1) + [np.zeros_like(shape)]
    assert refusal(tmp_path / "a.png", np.stack(layers, axis=-1)) == "unsupported pixel format"


def test_sixteen_bit_colour_whose_low_bytes_nothing_reads_is_refused(tmp_path):
    from tests.data.scans.test_files import png

    (tmp_path / "a.png").write_bytes(png(blocks(1)[..., None].repeat(3, axis=-1).astype(">u2"), 16, 2))
    with open(tmp_path / "a.png", "rb") as file, pytest.raises(ScanError, match="16-bit colour"):
        read_mask_image(file, MaskLabel())
