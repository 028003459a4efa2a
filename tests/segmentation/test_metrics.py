import numpy as np
import pytest

from tfgan_thyroid.segmentation.metrics import Confusion, confusion, pool


def masks(seed, share=0.3, shape=(9, 11)):
    rng = np.random.default_rng(seed)
    return rng.uniform(size=shape) < share, rng.uniform(size=shape) < share


def test_counts_are_those_of_sets_of_pixels():
    reference, predicted = masks(0)
    first, second = ({tuple(p) for p in np.argwhere(mask)} for mask in (reference, predicted))
    expected = (len(first & second), len(second - first), len(first - second), 99 - len(first | second))
    assert confusion(reference, predicted) == expected


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_those_of_sets_of_pixels(seed):
    reference, predicted = masks(seed)
    first, second = ({tuple(p) for p in np.argwhere(mask)} for mask in (reference, predicted))
    counts = confusion(reference, predicted)
    assert counts.dice == pytest.approx(2 * len(first & second) / (len(first) + len(second)))
    assert counts.iou == pytest.approx(len(first & second) / len(first | second))
    assert counts.precision == pytest.approx(len(first & second) / len(second))
    assert counts.recall == pytest.approx(len(first & second) / len(first))
    assert counts.iou == pytest.approx(counts.dice / (2 - counts.dice))
    assert confusion(~reference, ~predicted) == counts.background


def test_both_masks_empty_count_1_and_one_of_them_empty_counts_0():
    empty, full = np.zeros((3, 3), bool), np.ones((3, 3), bool)
    for metric in ("dice", "iou", "precision", "recall"):
        assert getattr(confusion(empty, empty), metric) == 1.0
        assert getattr(confusion(full, full), metric) == 1.0
        assert getattr(confusion(empty, full), metric) == 0.0
        assert getattr(confusion(full, empty), metric) == 0.0


def test_pooled_counts_are_sums():
    assert pool([Confusion(1, 2, 3, 4), Confusion(10, 20, 30, 40)]) == (11, 22, 33, 44)
    assert pool([Confusion(1, 0, 1, 8), Confusion(0, 0, 0, 10)]).dice == pytest.approx(2 / 3)


def test_masks_of_two_shapes_are_refused():
    with pytest.raises(ValueError, match="differ in shape"):
        confusion(np.zeros((2, 3), bool), np.zeros((3, 2), bool))
