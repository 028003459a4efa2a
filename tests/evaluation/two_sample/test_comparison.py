"""The test's two forms on small sets: what is compared with what, and what is stated beside it."""

import json

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tfgan_thyroid.evaluation.two_sample.comparison import Images, full_test, short_test, too_few


def textures(seed, count, size=16):
    """uint8 `[count, size, size, 1]`."""
    fields = gaussian_filter(np.random.default_rng(seed).normal(size=(count, size, size, 1)), (0, 1.5, 1.5, 0))
    return np.clip(110 + 40 * fields / fields.std(), 0, 255).astype(np.uint8)


SCANS = Images(textures(0, 120), np.arange(120) // 2)


@pytest.fixture(scope="module")
def whole():
    told = []
    unseen = Images(textures(1, 100))
    return full_test(SCANS, textures(2, 130), unseen, progress=lambda *step: told.append(step)), told


def test_every_comparison_states_its_n_and_equal_sets_are_not_told_apart(whole):
    found, told = whole
    assert [(result.size, result.n, result.real_n) for result in found.training] == [(16, 120, 60)]
    assert [(result.size, result.n) for result in found.as_many + found.unseen] == [(16, 100), (16, 100)]
    (result,) = found.training
    # Four times the deviation of an AUC of 120 and 120 scores without information, .037.
    assert abs(result.auc - 0.5) < 0.15
    assert result.low < result.auc < result.high
    assert len(result.real_aucs) == 5 and abs(np.mean(result.real_aucs) - 0.5) < 0.12
    assert (found.form, found.patients) == ("full", 60)
    assert found.spacing == pytest.approx(1.0, abs=0.1)
    assert told[-1][0] == told[-1][1] == len(told)
    assert json.loads(json.dumps(found.to_dict()))["training"][0]["n"] == 120


def test_copies_are_told_by_an_interval_under_a_half():
    (result,) = short_test(SCANS, SCANS.images[::-1], seconds=600.0).training
    assert result.suggests_copies


def test_the_short_form_takes_no_longer_than_it_may():
    assert short_test(SCANS, textures(2, 130), seconds=1.0) is None


def test_patients_count_and_not_scans_alone():
    assert "120 scans of 8 patients" in too_few(Images(SCANS.images, np.arange(120) // 15), SCANS.images)
    assert too_few(SCANS, SCANS.images) is None
