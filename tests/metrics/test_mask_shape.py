import numpy as np
import pytest

from tfgan_thyroid.metrics.mask_shape import mask_shape, mask_shapes

ROWS, COLUMNS = np.mgrid[:200, :300]


def ellipse(row, column, half_height, half_width):
    return ((ROWS - row) / half_height) ** 2 + ((COLUMNS - column) / half_width) ** 2 <= 1.0


def test_an_ellipse_has_its_area_its_centre_and_its_axes():
    shape = mask_shape(ellipse(80, 100, 30, 60))
    assert shape.area == pytest.approx(np.pi * 30 * 60 / (200 * 300), rel=0.01)
    assert (shape.row, shape.column) == pytest.approx((80.5 / 200, 100.5 / 300))
    assert shape.eccentricity == pytest.approx(np.sqrt(1 - 0.25), rel=0.01)
    assert shape.compactness == pytest.approx(2 * 30 * 60 / (30**2 + 60**2), rel=0.01)
    assert shape.components == 1


def test_a_disc_is_most_compact_and_a_square_is_three_over_pi():
    assert mask_shape(ellipse(100, 150, 50, 50)).compactness == pytest.approx(1.0, abs=0.002)
    for size in (1, 2, 40):
        assert mask_shape(np.ones((size, size), bool)).compactness == pytest.approx(3 / np.pi)
        assert mask_shape(np.ones((size, size), bool)).eccentricity == pytest.approx(0.0, abs=1e-6)


def test_pieces_that_touch_by_a_corner_are_one():
    assert mask_shape(np.array([[1, 0, 0, 1], [0, 1, 0, 0]], bool)).components == 2


def test_an_empty_mask_has_no_place_and_no_shape():
    shape = mask_shape(np.zeros((4, 4), bool))
    assert (shape.area, shape.components) == (0.0, 0)
    assert np.isnan([shape.row, shape.column, shape.eccentricity, shape.compactness]).all()


def test_many_masks_are_measured_one_by_one():
    masks = np.stack([ellipse(80, 100, 30, 60), ellipse(50, 50, 10, 10), np.zeros((200, 300), bool)])
    table = mask_shapes(masks)
    for name, values in table.items():
        np.testing.assert_array_equal(values, [getattr(mask_shape(mask), name) for mask in masks])
    assert mask_shapes(masks[:0])["area"].shape == (0,)
