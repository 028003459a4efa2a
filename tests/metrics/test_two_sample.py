"""Folds, AUC, interval and bits of the two-sample test, against scikit-learn, plain loops and closed forms."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

from tfgan_thyroid.metrics.two_sample import (
    area_under_curve,
    auc_interval,
    averaged_down,
    information_bits,
    patient_folds,
    scales,
    standardized,
    wins,
)

RNG = np.random.default_rng(0)
REAL, GENERATED = RNG.normal(0.5, 1.0, 80), RNG.normal(0.0, 1.3, 60)
LABELS = np.r_[np.ones(80), np.zeros(60)]


def test_the_area_under_the_curve_is_scikit_learns_ties_included():
    rounded = np.round(REAL, 1), np.round(GENERATED, 1)
    for real, generated in ((REAL, GENERATED), rounded):
        expected = roc_auc_score(LABELS, np.r_[real, generated])
        assert area_under_curve(real, generated) == pytest.approx(expected, abs=1e-6)
    assert area_under_curve(np.ones(3), np.zeros(4)) == 1.0
    assert area_under_curve(np.zeros(3), np.zeros(4)) == 0.5


def test_bits_are_one_minus_scikit_learns_log_loss_of_a_logistic_fit():
    scores = np.r_[REAL, GENERATED][:, None]
    fitted = LogisticRegression(C=1e3, tol=1e-8).fit(scores, LABELS).predict_proba(scores)[:, 1]
    expected = 1.0 - log_loss(LABELS, fitted) / np.log(2)
    assert information_bits(REAL, GENERATED) == pytest.approx(expected, abs=1e-4)


def test_scores_that_say_nothing_have_no_bits_and_scores_that_always_tell_have_one():
    same = np.linspace(-1, 1, 50)
    assert information_bits(same, same) == pytest.approx(0.0, abs=1e-9)
    assert information_bits(np.full(50, 1.0), np.full(50, -1.0)) == pytest.approx(1.0, abs=1e-3)


def test_the_interval_is_the_bootstrap_over_patients_as_a_plain_loop_draws_it():
    groups = np.arange(80) // 4
    low, high = auc_interval(wins(REAL, GENERATED), groups, np.random.default_rng(1), 2000)
    rng, found = np.random.default_rng(2), []
    for _ in range(2000):
        real = np.concatenate([REAL[groups == g] for g in rng.integers(0, 20, 20)])
        found.append(area_under_curve(real, GENERATED[rng.integers(0, 60, 60)]))
    # Percentiles of 2,000 draws with deviation 0.05 vary by 0.003.
    assert (low, high) == pytest.approx(tuple(np.percentile(found, [2.5, 97.5])), abs=0.012)
    assert low < area_under_curve(REAL, GENERATED) < high


def test_near_duplicate_frames_widen_the_interval():
    real, groups = np.repeat(REAL[:20], 4), np.repeat(np.arange(20), 4)
    generated = np.random.default_rng(1).normal(size=2000)  # so many that the scans alone make the interval
    widths = [np.ptp(auc_interval(wins(real, generated), g, np.random.default_rng(0))) for g in (groups, np.arange(80))]
    assert widths[0] == pytest.approx(2.0 * widths[1], rel=0.15)  # the root of four frames a patient


def test_no_patient_is_in_two_folds_and_folds_are_of_a_size():
    groups = np.r_[np.arange(30), np.zeros(5, int), np.full(4, 7)]
    folds = patient_folds(groups, 3, np.random.default_rng(0))
    assert all(len(set(folds[groups == g])) == 1 for g in set(groups))
    assert np.ptp(np.bincount(folds)) <= 5
    assert (patient_folds(groups, 3, np.random.default_rng(1)) != folds).any()


def test_images_are_averaged_over_squares_and_scaled():
    image = np.array([[0, 255, 51, 51], [255, 0, 51, 51], [0, 0, 255, 255], [0, 0, 255, 255]], np.uint8)
    found = averaged_down(image[None, :, :, None], 2)
    np.testing.assert_allclose(found[0, :, :, 0], [[0.0, -0.6], [-1.0, 1.0]], atol=1e-6)
    assert found.dtype == np.float32 and found.shape == (1, 2, 2, 1)


def test_scales_go_down_to_16_pixels():
    assert [scales(size) for size in (256, 64, 16, 8, 96)] == [
        (16, 32, 64, 128, 256),
        (16, 32, 64),
        (16,),
        (8,),
        (24, 48, 96),
    ]


def test_standardized_scores_of_a_fold_have_mean_0_and_deviation_1_together():
    both = np.concatenate(standardized([REAL, GENERATED]))
    assert (both.mean(), both.std()) == pytest.approx((0.0, 1.0), abs=1e-6)
