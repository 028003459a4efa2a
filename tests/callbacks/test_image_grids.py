import numpy as np

from tfgan_thyroid.callbacks.image_grids import _alternate_rows, image_grid, pixels


def numbered(count):
    return np.arange(1, count + 1, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 3, 1), np.uint8)


def test_images_stand_row_by_row_and_the_rest_is_black():
    grid = image_grid(numbered(5), columns=3)
    assert grid.shape == (4, 9, 1)
    assert grid[::2, ::3, 0].tolist() == [[1, 2, 3], [4, 5, 0]]


def test_reconstructions_stand_below_their_originals():
    pairs = _alternate_rows(numbered(16), 100 + numbered(16))
    assert pairs[:, 0, 0, 0].tolist() == [*range(1, 9), *range(101, 109), *range(9, 17), *range(109, 117)]


def test_a_single_unfinished_row_of_originals_is_kept():
    assert _alternate_rows(numbered(3), 100 + numbered(3))[:, 0, 0, 0].tolist() == [1, 2, 3, 101, 102, 103]


def test_a_soft_mask_is_shown_as_it_is_written():
    pairs = np.float32([[[[-1.0, -0.25], [1.0, 0.01]]]])
    assert pixels(pairs).tolist() == [[[[0, 0], [255, 255]]]]
