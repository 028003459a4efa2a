import math

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from tfgan_thyroid.segmentation.surface_distance import outline, surface_distances


def box(top, left, height, width, size=32):
    mask = np.zeros((size, size), bool)
    mask[top : top + height, left : left + width] = True
    return mask


def outline_by_hand(mask):
    """Pixel by pixel, by the definition."""
    height, width = mask.shape
    points = []
    for row, column in np.argwhere(mask):
        for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            y, x = row + dy, column + dx
            if not (0 <= y < height and 0 <= x < width) or not mask[y, x]:
                points.append((row, column))
                break
    return np.array(points)


@pytest.mark.parametrize("seed", range(6))
def test_distances_are_those_of_all_pairs_of_outline_pixels(seed):
    rng = np.random.default_rng(seed)
    shape, share = (17, 23), rng.uniform(0.05, 0.9)
    reference, predicted = rng.uniform(size=shape) < share, rng.uniform(size=shape) < share
    first, second = outline_by_hand(reference), outline_by_hand(predicted)
    assert np.argwhere(outline(reference)).tolist() == first.tolist()
    pairs = cdist(first, second)
    forward, backward = pairs.min(axis=1), pairs.min(axis=0)
    found = surface_distances(reference, predicted)
    assert found.hausdorff_95 == pytest.approx(max(np.percentile(forward, 95), np.percentile(backward, 95)))
    assert found.average == pytest.approx((forward.sum() + backward.sum()) / (len(forward) + len(backward)))


def test_single_pixels_lie_as_far_apart_as_they_are():
    assert surface_distances(box(2, 3, 1, 1), box(6, 6, 1, 1)) == (5.0, 5.0)


def test_equal_masks_are_0_apart_and_two_empty_ones_too():
    assert surface_distances(box(3, 3, 9, 5), box(3, 3, 9, 5)) == (0.0, 0.0)
    assert surface_distances(box(0, 0, 0, 0), box(0, 0, 0, 0)) == (0.0, 0.0)


def test_a_line_moved_by_k_pixels_lies_k_pixels_off():
    assert surface_distances(box(4, 0, 1, 32), box(11, 0, 1, 32)) == (7.0, 7.0)


def test_far_specks_of_less_than_a_twentieth_of_the_outline_do_not_count_in_the_95th_percentile():
    reference = box(4, 4, 20, 20)
    predicted = reference.copy()
    predicted[31, 31] = True  # one outline pixel of 77
    distances = surface_distances(reference, predicted)
    assert distances.hausdorff_95 == 0.0
    assert distances.average == pytest.approx(math.hypot(8, 8) / (76 + 77))


def test_the_order_of_the_two_masks_does_not_matter():
    first, second = box(2, 2, 9, 4), box(5, 7, 12, 12)
    assert surface_distances(first, second) == pytest.approx(surface_distances(second, first))


def test_no_distance_exists_to_an_empty_mask():
    for distances in (
        surface_distances(box(0, 0, 0, 0), box(1, 1, 2, 2)),
        surface_distances(box(1, 1, 2, 2), box(0, 0, 0, 0)),
    ):
        assert all(math.isnan(distance) for distance in distances)


def test_masks_of_two_shapes_are_refused():
    with pytest.raises(ValueError, match="differ in shape"):
        surface_distances(np.zeros((2, 3), bool), np.zeros((3, 2), bool))
