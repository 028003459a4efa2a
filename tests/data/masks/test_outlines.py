import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfgan_thyroid.data.masks.outlines import Outlines, Polygon, Raster, circle, draw, polygon, rectangle
from tfgan_thyroid.data.scans.scan import ScanError


def pixels(*polygons, height=40, width=60, size=None):
    return draw(Outlines(tuple(polygons), size), height, width)[0]


def inside(points, x, y):
    """Whether a point lies in a polygon: the turns of the outline as seen from there (winding by angles)."""
    corners = list(zip(points[0::2], points[1::2], strict=True))
    turned = 0.0
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        turned += math.remainder(math.atan2(y1 - y, x1 - x) - math.atan2(y0 - y, x0 - x), 2 * math.pi)
    return abs(turned) > math.pi


@pytest.mark.parametrize("box", [(3, 4, 20, 9), (0, 0, 60, 40), (59, 39, 60, 40)])
def test_a_rectangle_covers_exactly_its_pixels(box):
    left, top, right, bottom = box
    expected = np.zeros((40, 60), np.uint8)
    expected[top:bottom, left:right] = 255
    np.testing.assert_array_equal(pixels(rectangle(*box)), expected)
    np.testing.assert_array_equal(pixels(rectangle(right, bottom, left, top)), expected)


def test_a_circle_has_its_area():
    area = np.count_nonzero(pixels(circle(200, 150, 100.3), height=300, width=400))
    assert area == pytest.approx(math.pi * 100.3**2, rel=2e-3)


@settings(deadline=None, derandomize=True)
@given(st.lists(st.floats(-5, 65), min_size=3, max_size=3), st.lists(st.floats(-5, 45), min_size=3, max_size=3))
def test_a_triangle_covers_the_pixels_whose_centres_lie_inside(xs, ys):
    points = tuple(value + 1e-7 * index for index, pair in enumerate(zip(xs, ys, strict=True)) for value in pair)
    mask = Polygon(points).fill(40, 60)
    for row, column in ((0, 0), (39, 59), (20, 30), (10, 45), (33, 7)):
        x, y = column + 0.5, row + 0.5
        signs = []
        corners = list(zip(points[0::2], points[1::2], strict=True))
        for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
            signs.append((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0))
        if min(abs(sign) for sign in signs) > 1e-3:  # on an edge, either answer is right
            same_side = all(sign > 0 for sign in signs) or all(sign < 0 for sign in signs)
            assert (mask[row, column] == 255) == same_side


def test_a_concave_outline_leaves_its_bay_out():
    bay = polygon((2, 2, 50, 2, 50, 30, 26, 8, 2, 30))
    mask = pixels(bay)
    for row in range(0, 40, 3):
        for column in range(0, 60, 3):
            assert (mask[row, column] == 255) == inside(bay.points, column + 0.5, row + 0.5)


def test_several_outlines_add_up_and_none_is_an_empty_mask():
    both = pixels(rectangle(0, 0, 10, 10), rectangle(5, 5, 20, 20))
    assert np.count_nonzero(both) == 100 + 225 - 25
    assert not pixels().any()


def test_an_outline_of_another_scan_is_refused_by_its_size_or_by_its_points():
    for polygons, size in (([rectangle(0, 0, 5, 5)], (61, 40)), ([rectangle(0, 0, 62, 5)], None)):
        with pytest.raises(ScanError) as caught:
            pixels(*polygons, size=size)
        assert caught.value.reason == "of another size"
    assert pixels(rectangle(0, 0, 62, 5), size=(60, 40)).any()  # drawn a little over the edge


@pytest.mark.parametrize("values", [(1,) * 7, (1, 2, 3, 4, 5, "6"), (1, 2, 3, 4, 5, math.nan)])
def test_what_is_no_outline_is_refused(values):
    with pytest.raises(ScanError):
        polygon(values)


@pytest.mark.parametrize("stray", [(), (5, 5), (5, 5, 9, 9), (5, 5, 9, 9, 30, 30), (5.1, 5.1, 5.2, 5.1, 5.1, 5.2)])
def test_a_polygon_without_a_pixel_inside_is_left_out_and_counted_but_not_the_only_one(stray):
    square = rectangle(10, 10, 20, 20)
    for size in (None, (60, 40)):
        mask, count = draw(Outlines((square, polygon(stray)), size), 40, 60)
        np.testing.assert_array_equal(mask, pixels(square))
        assert count == 1
        with pytest.raises(ScanError, match="all without a pixel inside"):
            draw(Outlines((polygon(stray),), size), 40, 60)


def test_a_raster_lies_at_its_place_and_within_the_scan():
    pattern = np.array([[255, 0, 255]], np.uint8)
    mask = pixels(Raster(pattern, 57, 39))
    assert np.argwhere(mask).tolist() == [[39, 57], [39, 59]]
    for left, top in ((58, 39), (57, 40), (-1, 0), (0, -1)):
        with pytest.raises(ScanError, match="outside the scan"):
            pixels(Raster(pattern, left, top))
