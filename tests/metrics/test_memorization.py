"""The search for a nearest scan against a plain loop over every flip and shift, and its statistics in closed form."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tfgan_thyroid.metrics.memorization import authenticity, closer_fraction, nearest_features
from tfgan_thyroid.metrics.nearest_scans import Matches, aligned_window, margin, moved_to_match, nearest_scans


def textures(seed, count, size=64):
    """Smooth random fields with speckle on them."""
    rng = np.random.default_rng(seed)
    fields = gaussian_filter(rng.normal(size=(count, size, size)), (0, size / 8, size / 8))
    fields = 110 + 40 * fields / fields.std(axis=(1, 2), keepdims=True) + rng.normal(0, 8, fields.shape)
    return np.clip(fields, 0, 255).astype(np.uint8)[..., None]


def plain_search(query, references):
    """(distance, reference, flipped, row shift, column shift) by looking at everything."""
    m = margin(*query.shape[:2])
    inner = query[m:-m, m:-m].astype(float)
    found = []
    for index, reference in enumerate(references):
        for flipped in (False, True):
            image = reference[:, ::-1] if flipped else reference
            for top in range(2 * m + 1):
                for left in range(2 * m + 1):
                    window = image[top : top + inner.shape[0], left : left + inner.shape[1]]
                    distance = np.sqrt(np.mean((inner - window) ** 2))
                    found.append((distance, index, flipped, top - m, left - m))
    return min(found)


@pytest.mark.parametrize("size", [16, 32, 64])
def test_the_search_finds_what_a_plain_loop_finds(size):
    queries, references = textures(0, 5, size), textures(1, 8, size)
    matches = nearest_scans(queries, references)
    for number, query in enumerate(queries):
        distance, index, flipped, row, column = plain_search(query, references)
        assert matches.distance[number] == pytest.approx(distance, abs=1e-9)
        assert (matches.reference[number], matches.flipped[number]) == (index, flipped)
        assert tuple(matches.shift[number]) == (row, column)


def test_the_margin_is_four_percent_of_the_side():
    assert [margin(size, size) for size in (16, 64, 128, 256)] == [1, 3, 5, 10]


@pytest.mark.parametrize("size", [64, 128])
@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("shift", [(0, 0), (2, -2), (-1, 2)])
def test_a_mirrored_and_shifted_copy_is_at_distance_zero_and_stands_out(size, flipped, shift):
    references = textures(2, 40, size)
    copy = np.roll(references[17], shift, axis=(0, 1))
    if flipped:
        copy = copy[:, ::-1]
    matches = nearest_scans(copy[None], references)
    assert (matches.reference[0], matches.distance[0], matches.flipped[0]) == (17, 0.0, flipped)
    assert matches.relative[0] < 0.3  # a coarse pixel holds 2 or 4 of the shifted ones
    window = aligned_window(references[17], bool(matches.flipped[0]), matches.shift[0])
    m = margin(size, size)
    np.testing.assert_array_equal(window, copy[m:-m, m:-m])


def test_excluded_pairs_do_not_count():
    scans = textures(3, 12)
    itself = nearest_scans(scans, scans)
    assert np.all(itself.distance == 0.0)
    others = nearest_scans(scans, scans, excluded=lambda rows: rows[:, None] == np.arange(12))
    assert np.all(others.reference != np.arange(12))
    assert np.all(others.distance > 0.0)


def test_a_query_with_no_reference_left_and_sizes_that_differ_are_refused():
    scans = textures(4, 4, 32)
    with pytest.raises(ValueError, match="nothing to be compared with"):
        nearest_scans(scans, scans, excluded=lambda rows: np.ones((len(rows), 4), bool))
    with pytest.raises(ValueError, match="cannot be compared"):
        nearest_scans(scans, textures(4, 4, 64))


def test_more_queries_and_references_than_a_block_give_the_same_as_a_few():
    rng = np.random.default_rng(5)
    references = rng.integers(0, 256, size=(1100, 16, 16, 1), dtype=np.uint8)
    queries = references[rng.permutation(1100)[:520]]
    matches = nearest_scans(queries, references)
    np.testing.assert_array_equal(references[matches.reference], queries)
    np.testing.assert_array_equal(matches.distance, 0.0)


def test_blurring_brings_a_stranger_nearer_but_does_not_make_it_stand_out():
    references, stranger = textures(6, 60), textures(7, 1)
    blurred = gaussian_filter(stranger.astype(float), (0, 2, 2, 0)).astype(np.uint8)
    sharp, smooth = nearest_scans(stranger, references), nearest_scans(blurred, references)
    assert smooth.distance[0] < sharp.distance[0] - 1
    assert smooth.relative[0] == pytest.approx(sharp.relative[0], abs=0.03)


def test_relative_distance_is_the_nearest_group_over_the_mean_of_the_next():
    references = np.array([[1.0], [1.5], [3.0], [-5.0]])
    matches = nearest_features([np.array([[0.0]])], references, groups=np.array([0, 0, 1, 2]))
    assert matches.distance[0] == 1.0
    assert matches.relative[0] == pytest.approx(1.0 / ((3.0 + 5.0) / 2))
    alone = nearest_features([np.array([[0.0]])], references)
    assert alone.relative[0] == pytest.approx(1.0 / ((1.5 + 3.0 + 5.0) / 3))


@pytest.mark.parametrize("flip", [False, True])
def test_a_query_moved_to_its_match_lies_on_it(flip):
    scan = np.random.default_rng(4).integers(0, 256, size=(64, 48, 1), dtype=np.uint8)
    query = np.roll(scan[:, ::-1] if flip else scan, (2, -1), axis=(0, 1))
    match = nearest_scans(query[None], scan[None])
    moved = moved_to_match(query, match.flipped[0], match.shift[0])
    np.testing.assert_array_equal(moved[2:-2, 2:-2], scan[2:-2, 2:-2])


def test_features_of_the_mirror_image_count_and_are_named():
    plain, mirrored = np.array([[0.0, 0.0], [9.0, 9.0]]), np.array([[4.0, 3.0], [1.0, 1.0]])
    matches = nearest_features([plain, mirrored], np.array([[4.0, 0.0], [9.0, 9.0]]))
    np.testing.assert_allclose(matches.distance, [3.0, 0.0])
    assert matches.flipped.tolist() == [True, False]
    assert matches.reference.tolist() == [0, 1]


def test_authenticity_compares_with_the_spacing_of_the_nearest_training_scan():
    nobody = np.zeros(3)
    matches = Matches(np.array([1.0, 2.0, 3.0]), np.array([0, 0, 1]), nobody.astype(bool), np.zeros((3, 2)), nobody)
    assert authenticity(matches, np.array([1.5, 4.0])).tolist() == [False, True, False]


def test_held_out_scans_of_the_same_distribution_are_authentic_half_of_the_time():
    rng = np.random.default_rng(8)
    training, held_out = rng.normal(size=(2000, 4)), rng.normal(size=(2000, 4))
    spacing = nearest_features([training], training, excluded=lambda rows: rows[:, None] == np.arange(2000)).distance
    rate = authenticity(nearest_features([held_out], training), spacing).mean()
    assert rate == pytest.approx(0.5, abs=0.05)  # the standard error is below 0.02


def test_closer_fraction_counts_what_is_under_the_percentile():
    held_out = np.arange(101.0)
    assert closer_fraction(np.array([0.5, 0.99, 1.0, 50.0]), held_out) == 0.5  # the 1st percentile is 1
    assert closer_fraction(held_out, held_out, 10.0) == pytest.approx(10 / 101)
