import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfgan_thyroid.data.crops.sector import find_sector
from tfgan_thyroid.phantoms.phantom import PhantomConfig, simulate_scan

PHANTOMS = 8

# Least overlap with the true box. JPEG blurs an edge by up to a block of 8 pixels; the sides of a fan lie in shadow.
LEAST = {"grey_desk_with_frame": 0.97, "jpeg": 0.96, "fan": 0.8}


@pytest.fixture(scope="module")
def tissues(screens):
    return [screens.tissue(patient) for patient in range(1, PHANTOMS + 1)]


@pytest.mark.parametrize(
    "kind",
    [
        "whole_frame",
        "dark_margins",
        "header_and_footer",
        "depth_ruler",
        "text_columns",
        "grey_desk_with_frame",
        "grey_wedge_and_icons",
        "fan",
        "jpeg",
    ],
)
def test_the_sector_is_found_on_every_kind_of_screen(screens, tissues, kind):
    rng = np.random.default_rng(0)
    for tissue in tissues:
        screen, box = screens.KINDS[kind](tissue, rng)
        found = find_sector(screen)
        assert screens.overlap(found, box) >= LEAST.get(kind, 0.99), (found, box)


def test_the_phantoms_own_margin_is_dropped_to_the_pixel():
    config = PhantomConfig(height_px=270, width_px=400, sector_left_px=100)
    for patient in range(1, PHANTOMS + 1):
        assert find_sector(simulate_scan(7, patient, 1, config).image) == (100, 0, 400, 270)


def test_tissue_that_fades_out_in_black_is_no_side(screens, tissues):
    for tissue in tissues:
        depth, across = np.ix_(*(np.linspace(0, 1, length) for length in tissue.shape))
        penetration = 1.0 - 1.4 * depth + 0.3 * np.sin(7 * across)
        contact = 2.6 * across - 0.6 + 0.3 * np.sin(9 * depth)
        faded = (tissue * np.clip(penetration, 0, 1) * np.clip(contact, 0, 1)).astype(np.uint8)
        assert (faded == 0).mean() > 0.25
        height, width = faded.shape
        assert screens.overlap(find_sector(faded), (0, 0, width, height)) >= 0.95
        screen, _, box = screens.place(faded, (40, 0, 0, 0))
        assert find_sector(np.asarray(screen))[1:] == box[1:]


def test_a_page_of_text_a_flat_frame_and_a_wedge_have_no_sector(screens):
    page, draw, _ = screens.place(np.zeros((300, 300), np.uint8), (20, 20, 20, 20))
    screens.paragraph(draw, 10, 10, 14, 16)
    wedge = np.tile(np.arange(256, dtype=np.uint8)[:, None], (1, 256))
    for image in (np.asarray(page), np.zeros((200, 300), np.uint8), np.full((64, 64), 255, np.uint8), wedge):
        assert find_sector(image) is None


def test_turning_the_scan_turns_the_box(screens, tissues):
    screen, box = screens.KINDS["text_columns"](tissues[0], np.random.default_rng(0))
    left, top, right, bottom = find_sector(screen)
    height, width = screen.shape
    assert find_sector(np.ascontiguousarray(screen[:, ::-1])) == (width - right, top, width - left, bottom)
    assert find_sector(np.ascontiguousarray(screen.T)) == (top, left, bottom, right)


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (16, 16), (40, 56), (5, 5)])
def test_small_scans_of_noise_are_all_sector(shape):
    noise = np.random.default_rng(0).integers(20, 70, shape, dtype=np.uint8)
    found = find_sector(noise)
    assert found in (None, (0, 0, shape[1], shape[0]))


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**32 - 1), st.integers(0, 6))
def test_whatever_is_on_the_screen_the_box_lies_within_it(height, width, seed, patches):
    rng = np.random.default_rng(seed)
    screen = np.full((height, width), rng.integers(0, 256), np.uint8)
    for _ in range(patches):
        left, top = rng.integers(0, width), rng.integers(0, height)
        part = screen[top : top + rng.integers(1, 60), left : left + rng.integers(1, 60)]
        lowest = rng.integers(0, 200)
        part[...] = rng.integers(lowest, lowest + rng.integers(1, 56), part.shape)
    box = find_sector(screen)
    if box is not None:
        left, top, right, bottom = box
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
