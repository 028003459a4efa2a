import numpy as np
import pytest

from tfgan_thyroid.data.preprocessing import (
    crop,
    quantize,
    resize,
    resize_mask,
    scale_to_unit_range,
)
from tfgan_thyroid.errors import UserError


def lanczos_matrix(source, target):
    """Rows of weights that resample `source` pixels to `target` (reference: the filter's definition, in float64)."""
    scale = source / target
    centers = (np.arange(target) + 0.5) * scale
    distance = (np.arange(source)[None, :] + 0.5 - centers[:, None]) / scale
    weights = np.where(np.abs(distance) < 3, np.sinc(distance) * np.sinc(distance / 3), 0.0)
    return weights / weights.sum(axis=1, keepdims=True)


def test_a_ramp_stays_a_ramp_and_the_ruler_beside_the_crop_does_not_bleed_in():
    ramp = np.full((875, 1167), 255.0)  # a white margin at the left, as bright as a ruler
    ramp[:, 292:] = np.linspace(0, 255, 875)
    small = resize(crop(np.rint(ramp).astype(np.uint8), (292, 0, 1167, 875)), 256)
    centers = (np.arange(256) + 0.5) * 875 / 256 - 0.5
    expected = centers * 255 / 874
    inner = slice(4, -4)  # the filter's six lobes are cut at the edge
    np.testing.assert_allclose(small[:, inner], np.broadcast_to(expected[inner], (256, 248)), atol=1.0)
    assert small[:, 0].max() <= 2
    assert small[:, -1].min() >= 253


def test_resize_is_the_antialiased_lanczos_filter():
    image = np.random.default_rng(0).integers(60, 200, (120, 90), dtype=np.uint8)
    expected = lanczos_matrix(120, 32) @ image @ lanczos_matrix(90, 32).T
    # Pillow rounds to 8 bits after each of the two passes.
    np.testing.assert_allclose(resize(image, 32), expected, atol=1.6)


def test_stripes_finer_than_the_new_grid_turn_grey_instead_of_moire():
    stripes = np.zeros((875, 875), np.uint8)
    stripes[:, ::2] = 255
    small = resize(stripes, 256)
    assert np.abs(small[:, 4:-4].astype(float) - 127.5).max() < 8
    nearest = stripes[:, np.arange(256) * 875 // 256]
    assert np.ptp(nearest) == 255


def test_mask_pixels_are_set_where_at_least_half_of_their_area_is():
    coverage = np.array([[0, 7, 8, 9, 16]])  # of 4 x 4 raw pixels each
    blocks = [(np.arange(16) < count).reshape(4, 4) for count in coverage[0]]
    mask = np.hstack(blocks).astype(np.uint8) * 255
    mask = np.vstack([mask] * 5)
    np.testing.assert_array_equal(resize_mask(mask, 5), np.tile([0, 0, 255, 255, 255], (5, 1)))


def test_a_disc_keeps_its_area():
    y, x = np.mgrid[:875, :875]
    mask = np.where((y - 400) ** 2 + (x - 500) ** 2 < 120**2, 255, 0).astype(np.uint8)
    small = resize_mask(mask, 256)
    assert set(np.unique(small)) == {0, 255}
    # A boundary of 220 pixels, each off by at most half and of either sign.
    assert np.count_nonzero(small) / 256**2 == pytest.approx(np.pi * 120**2 / 875**2, rel=0.005)


def test_quantize_undoes_scale_to_unit_range_for_every_grey_level():
    levels = np.arange(256)
    for dtype in (np.float32, np.float64):
        unit = scale_to_unit_range(levels.astype(dtype))
        assert unit.min() == -1.0
        assert unit.max() == 1.0
        np.testing.assert_array_equal(quantize(unit), levels)


def test_quantize_rounds_and_clips():
    images = np.array([-1.5, 1.5, -1 + 0.49 / 127.5, -1 + 0.51 / 127.5, 0.0])  # the last is 127.5, half-way to 128
    np.testing.assert_array_equal(quantize(images), [0, 255, 0, 1, 128])


def test_quantize_refuses_what_is_no_number():
    with pytest.raises(UserError, match="NaN"):
        quantize(np.array([0.0, np.nan]))


def test_scale_to_unit_range_works_on_tensors():
    tf = pytest.importorskip("tensorflow")
    np.testing.assert_allclose(scale_to_unit_range(tf.constant([0.0, 127.5, 255.0])), [-1.0, 0.0, 1.0])
