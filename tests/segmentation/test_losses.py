import math

import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.segmentation.losses import bce_loss, dice_loss, segmentation_loss


def logits_of(probabilities):
    probabilities = np.asarray(probabilities, np.float64)
    return tf.constant(np.log(probabilities / (1.0 - probabilities)), tf.float32)


def masks_and_probabilities(seed=0):
    rng = np.random.default_rng(seed)
    masks = (rng.uniform(size=(3, 4, 5, 1)) < 0.3).astype(np.float32)
    return masks, rng.uniform(0.01, 0.99, masks.shape)


def test_bce_is_the_negative_log_likelihood_of_the_pixels():
    masks, p = masks_and_probabilities()
    expected = -np.mean(masks * np.log(p) + (1 - masks) * np.log(1 - p))
    assert float(bce_loss(masks, logits_of(p))) == pytest.approx(expected, rel=1e-5)


def test_bce_of_no_opinion_is_log_2_and_huge_logits_do_not_overflow():
    masks = tf.constant([[[[1.0], [0.0]]]])
    assert float(bce_loss(masks, tf.zeros([1, 1, 2, 1]))) == pytest.approx(math.log(2.0))
    assert float(bce_loss(masks, tf.constant([[[[1e4], [-1e4]]]]))) == 0.0
    assert float(bce_loss(masks, tf.constant([[[[-1e4], [1e4]]]]))) == pytest.approx(1e4)


def test_dice_is_the_mean_over_the_images_of_the_soft_fraction():
    masks, p = masks_and_probabilities(1)
    expected = np.mean([1 - (2 * np.sum(q * y) + 1) / (np.sum(q) + np.sum(y) + 1) for q, y in zip(p, masks)])  # noqa: B905
    assert float(dice_loss(masks, logits_of(p))) == pytest.approx(expected, rel=1e-5)


def test_dice_of_a_perfect_mask_and_of_an_empty_one_left_empty_is_nothing():
    certain = 200.0 * tf.constant([[[[1.0], [-1.0]]], [[[-1.0], [-1.0]]]])
    masks = tf.constant([[[[1.0], [0.0]]], [[[0.0], [0.0]]]])
    assert float(dice_loss(masks, certain)) == pytest.approx(0.0, abs=1e-6)
    assert float(dice_loss(1.0 - masks, certain)) == pytest.approx(1 - (1 / 3 + 1 / 3) / 2)


def test_both_is_the_sum():
    bce, dice = tf.constant(0.25), tf.constant(0.5)
    assert [float(segmentation_loss(name, bce, dice)) for name in ("bce", "dice", "both")] == [0.25, 0.5, 0.75]


def test_weights_multiply_the_loss_of_each_image():
    masks = tf.constant([[[[1.0], [0.0]]], [[[0.3], [0.9]]]])
    logits = tf.constant([[[[0.5], [2.0]]], [[[-1.0], [0.0]]]])
    for loss in (bce_loss, dice_loss):
        alone = [float(loss(masks[i : i + 1], logits[i : i + 1])) for i in (0, 1)]
        weighted = float(loss(masks, logits, tf.constant([2.0, 0.5])))
        assert weighted == pytest.approx((2.0 * alone[0] + 0.5 * alone[1]) / 2, rel=1e-6)


def test_the_cross_entropy_of_a_soft_mask_is_least_at_its_probability():
    masks = tf.fill([1, 1, 1, 1], 0.8)
    at = {p: float(bce_loss(masks, tf.fill([1, 1, 1, 1], math.log(p / (1 - p))))) for p in (0.7, 0.8, 0.9)}
    assert at[0.8] == pytest.approx(-0.8 * math.log(0.8) - 0.2 * math.log(0.2), rel=1e-6)
    assert at[0.8] < min(at[0.7], at[0.9])
