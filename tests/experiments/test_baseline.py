"""What is said of generated pairs after one training with them and one without."""

import numpy as np
import pytest

from tfgan_thyroid.experiments.baseline import Gain
from tfgan_thyroid.experiments.bootstrap import GroupScore, bootstrap_groups
from tfgan_thyroid.segmentation.metrics import confusion
from tfgan_thyroid.segmentation.scores import ImageScores, SegmentationScores


def scores(*pixels_found):
    """One image a patient, of four foreground pixels, some of which were found."""
    images = []
    for index, found in enumerate(pixels_found):
        reference = np.array([[1, 1, 1, 1, 0, 0]], bool)
        mask = np.array([[place < found for place in range(6)]])
        images.append(ImageScores(f"i{index}", f"g{index}", confusion(reference, mask), 0.0, 0.0))
    return SegmentationScores(tuple(images))


def gain(with_pairs, without):
    by_group = [
        {image.group_id: GroupScore(1, image.counts.dice) for image in one.images} for one in (with_pairs, without)
    ]
    difference = bootstrap_groups(*by_group)
    return Gain(240, without, {"dice": difference, "iou": difference}, len(without.images))


def test_a_lead_on_every_patient_is_a_gain_with_this_seed():
    found = gain(scores(4, 4, 4, 4, 4), scores(3, 3, 3, 3, 3))
    assert found.difference["dice"].mean == pytest.approx(1.0 - 6 / 7)
    assert "95 % interval +0.1429 to +0.1429 over 5 patients, one seed): a gain with this seed" in found.verdict()
    assert "at the same 240 steps" in found.verdict()


def test_a_lead_that_patients_do_not_share_shows_no_gain():
    assert gain(scores(4, 2, 4, 2, 4), scores(3, 3, 3, 3, 3)).verdict().endswith("one seed): no gain shown")


def test_one_patient_gives_no_interval():
    assert gain(scores(4), scores(3)).verdict().endswith("one seed, one test patient: no gain shown")


def test_a_loss_is_called_one():
    assert "a loss with this seed" in gain(scores(2, 2, 2), scores(4, 4, 4)).verdict()


def test_more_patients_narrow_the_interval():
    few, many = (gain(scores(*[4, 2, 3] * times), scores(*[3, 3, 3] * times)).difference["dice"] for times in (1, 10))
    assert many.mean == pytest.approx(few.mean)
    assert many.high - many.low < few.high - few.low
