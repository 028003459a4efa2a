import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from tfgan_thyroid.data.crops.overlays import fill_in, find_overlays

SIZE = 270
PHANTOMS = 6


@pytest.fixture(scope="module")
def tissues(screens):
    return [screens.tissue(patient, SIZE, SIZE) for patient in range(1, PHANTOMS + 1)]


def burn_in(tissue, colour, seed):
    """Four numbered calipers on a scan: RGB, grey, and the pixels drawn on."""
    rng = np.random.default_rng(seed)
    image, drawn = Image.fromarray(tissue).convert("RGB"), Image.new("L", (SIZE, SIZE))
    for number in range(4):
        x, y = (int(place) for place in rng.integers(30, SIZE - 40, 2))
        for draw, fill in ((ImageDraw.Draw(image), colour), (ImageDraw.Draw(drawn), 255)):
            draw.rectangle((x - 9, y - 1, x + 9, y), fill=fill)
            draw.rectangle((x - 1, y - 9, x, y + 9), fill=fill)
            draw.text((x + 12, y - 9), str(number + 1), fill=fill, font=ImageFont.load_default(14))
    return np.asarray(image), np.asarray(image.convert("L")), np.asarray(drawn) > 60


@pytest.mark.parametrize(
    ("colour", "least"),
    [((255, 255, 255), 0.95), ((200, 200, 200), 0.9), ((255, 255, 0), 1.0), ((0, 200, 0), 1.0), ((80, 120, 255), 1.0)],
)
def test_calipers_and_their_numbers_are_found_and_hardly_anything_else(tissues, colour, least):
    shares = []
    for seed, tissue in enumerate(tissues):
        rgb, grey, drawn = burn_in(tissue, colour, seed)
        found = find_overlays(grey, None if len(set(colour)) == 1 else rgb)
        shares.append((found & drawn).sum() / drawn.sum())
        # The rim of a pixel, and a pixel for strokes that are smoothed at their ends.
        beyond = found & ~ndimage.binary_dilation(drawn, np.ones((5, 5)))
        assert beyond.sum() <= 0.02 * drawn.sum()
    assert np.mean(shares) >= least


def test_tissue_without_overlays_is_left_alone_with_its_highlights(tissues):
    for tissue in tissues:
        assert tissue.max() > 180  # there are highlights to spare
        assert not find_overlays(tissue).any()
        tinted = np.stack([tissue, tissue, np.minimum(tissue.astype(int) + 25, 255)], axis=-1).astype(np.uint8)
        assert not find_overlays(tissue, tinted).any()


def test_bright_fasciae_are_spared(tissues):
    for tissue in tissues:
        scan = tissue.copy()
        depth = (120 + 8 * np.sin(np.arange(SIZE) / 30)).astype(int)
        for row in range(3):
            scan[depth + row, np.arange(SIZE)] = 250
        assert not find_overlays(scan).any()


def test_a_flow_image_is_no_overlay(tissues):
    rgb = np.repeat(tissues[0][..., None], 3, axis=-1)
    rgb[60:160, 60:160, 2] = 0
    assert not find_overlays(tissues[0], rgb).any()


def test_the_fill_is_a_smooth_surface_and_touches_nothing_else(tissues):
    _, grey, drawn = burn_in(tissues[0], (255, 255, 255), 0)
    mask = ndimage.binary_dilation(drawn, np.ones((3, 3)))
    filled = fill_in(grey, mask)
    np.testing.assert_array_equal(filled[~mask], grey[~mask])
    # Where the truth is known: about as far off as speckle itself is from its local mean.
    local = ndimage.uniform_filter(tissues[0].astype(float), 7)
    speckle = np.abs(tissues[0] - local)[mask].mean()
    assert np.abs(filled.astype(float) - tissues[0])[mask].mean() < 1.5 * speckle


def test_a_plane_is_filled_to_the_level_even_at_the_border():
    y, x = np.mgrid[:40, :60]
    plane = (20 + 2 * x).astype(np.uint8)
    mask = np.zeros(plane.shape, bool)
    mask[10:20, 15:30] = True  # a linear function solves Laplace's equation
    mask[0:4, 30:40] = True  # and at the border, where its slope across is 0, too
    np.testing.assert_array_equal(fill_in(np.where(mask, 255, plane).astype(np.uint8), mask), plane)


def test_nothing_to_fill_or_nothing_to_fill_from_changes_nothing():
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    np.testing.assert_array_equal(fill_in(image, np.zeros((3, 4), bool)), image)
    np.testing.assert_array_equal(fill_in(image, np.ones((3, 4), bool)), image)


@pytest.mark.parametrize("shape", [(1, 1), (2, 9), (9, 2), (16, 16)])
def test_small_and_flat_scans_are_no_trouble(shape):
    for level in (0, 255):
        image = np.full(shape, level, np.uint8)
        colour = np.repeat(image[..., None], 3, axis=-1)
        assert not find_overlays(image, colour).any()


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32 - 1), st.booleans())
def test_whatever_the_scan_shows_only_what_was_found_changes(height, width, seed, coloured):
    rng = np.random.default_rng(seed)
    colour = np.repeat(rng.integers(0, 120, (height, width, 1), dtype=np.uint8), 3, axis=-1)
    for _ in range(rng.integers(0, 4)):
        left, top = rng.integers(0, width), rng.integers(0, height)
        colour[top : top + rng.integers(1, 20), left : left + rng.integers(1, 5)] = rng.integers(0, 256, 3)
    grey = np.asarray(Image.fromarray(colour).convert("L"))
    found = find_overlays(grey, colour if coloured else None)
    assert (found.shape, found.dtype) == (grey.shape, bool)
    filled = fill_in(grey, found)
    np.testing.assert_array_equal(filled[~found], grey[~found])
    if found.any() and not found.all():
        rim = grey[~found]
        assert rim.min() <= filled[found].min() <= filled[found].max() <= rim.max()  # the maximum principle
