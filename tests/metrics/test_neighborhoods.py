import numpy as np
import pytest

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.metrics import distances, matrix_products
from tfgan_thyroid.metrics.distances import SquaredDistances
from tfgan_thyroid.metrics.neighborhoods import balls_around, neighbor_radii

LINE = np.array([[0.0], [1.0], [3.0], [7.0]])
OTHERS = np.array([[1.0], [2.0], [20.0]])


@pytest.fixture(params=["kept", "in blocks"], autouse=True)
def block_size(request, monkeypatch):
    if request.param == "in blocks":
        monkeypatch.setattr(distances, "KEPT_BYTES", 0)
        monkeypatch.setattr(matrix_products, "BLOCK_BYTES", 8 * 4)


def test_radii_on_a_line_can_be_checked_by_hand():
    np.testing.assert_allclose(neighbor_radii(SquaredDistances(LINE), 1), [1, 1, 4, 16])
    np.testing.assert_allclose(neighbor_radii(SquaredDistances(LINE), 3), [49, 36, 16, 49])


def test_the_nearest_image_of_the_other_set():
    np.testing.assert_allclose(SquaredDistances(LINE, OTHERS).row_minima, [1, 0, 1, 25])


def test_balls_are_counted_with_their_borders():
    radii = np.array([1.0, 1.0, 4.0, 16.0])
    # 1 lies in the balls around 0, 1 and 3; 2 in those around 1 and 3; 20 in none.
    np.testing.assert_array_equal(balls_around(SquaredDistances(LINE, OTHERS), radii), [3, 2, 0])


def test_asking_for_more_neighbours_than_there_are_is_refused():
    with pytest.raises(UserError, match="at least 5 images of each kind, got 4"):
        neighbor_radii(SquaredDistances(LINE), 4)
