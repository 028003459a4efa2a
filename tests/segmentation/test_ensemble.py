import numpy as np
import pytest

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.segmentation.ensemble import Member, label_images, most_agreed

IMAGES = np.zeros((3, 4, 4, 1), np.uint8)


def member(*probabilities):
    """Says one probability for the left half of each image, 0 for the right."""
    maps = np.zeros((len(probabilities), 4, 4, 1), np.float32)
    maps[:, :, :2, 0] = np.reshape(probabilities, (-1, 1, 1))
    return Member("digest", lambda images: maps)


def test_the_mask_is_where_the_mean_probability_is_a_half_and_agreement_is_the_mean_dice_of_pairs():
    whole = np.ones((3, 4, 4, 1), np.float32)
    labels = label_images([member(0.9, 0.6, 0.1), member(0.7, 0.6, 0.2), Member("", lambda images: whole)], IMAGES)
    np.testing.assert_allclose(labels.probabilities[:, 0, 0, 0], [2.6 / 3, 2.2 / 3, 1.3 / 3], rtol=1e-6)
    np.testing.assert_allclose(labels.probabilities[:, 0, 3, 0], 1 / 3, rtol=1e-6)
    assert labels.masks[:2, :, :2].all()
    assert not labels.masks[:, :, 2:].any()
    assert not labels.masks[2].any()
    # Two halves that are equal have Dice 1, a half and a whole 2 * 8 / (8 + 16), two empty ones 1, empty and whole 0.
    np.testing.assert_allclose(labels.agreement, [(1 + 2 / 3 + 2 / 3) / 3, (1 + 2 / 3 + 2 / 3) / 3, 1 / 3])
    assert labels.soft_masks[0, 0, 3, 0] == 85


def test_the_least_agreeing_share_is_left_out_and_the_order_stays():
    agreement = np.array([0.5, 0.9, 0.1, 0.7, 0.9])
    assert most_agreed(agreement, 0.4).tolist() == [1, 3, 4]
    assert most_agreed(agreement, 0.0).tolist() == [0, 1, 2, 3, 4]
    assert most_agreed(np.ones(4), 0.25).tolist() == [0, 1, 2]


def test_one_u_net_has_nothing_to_agree_with():
    with pytest.raises(UserError, match="at least 2 U-Nets, got 1"):
        label_images([member(0.1, 0.1, 0.1)], IMAGES)
