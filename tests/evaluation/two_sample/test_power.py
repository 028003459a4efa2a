"""At the fewest scans that a verdict takes, each fault is caught at the scale where it is, and real halves are not."""

import numpy as np
import pytest

from benchmarks.yardstick import faulty, phantoms
from tfgan_thyroid import needed_scans
from tfgan_thyroid.evaluation.two_sample.classifier import ScanClassifier
from tfgan_thyroid.evaluation.two_sample.comparison import Images, scale_test

pytestmark = pytest.mark.slow

CAUGHT_AT = {
    "blurred by one pixel": 32,
    "too little speckle": 64,
    "a grid of period 4": 64,
    "vessels left out": 32,
    "means of four scans": 16,
}


@pytest.fixture(scope="module")
def kinds():
    scans = phantoms(0, needed_scans.TO_JUDGE // 2, 2)
    return Images(*scans), faulty(scans, phantoms(1, needed_scans.TO_JUDGE, 1))


@pytest.fixture(scope="module")
def classifiers():
    return {size: ScanClassifier(size) for size in (16, 32, 64)}


@pytest.mark.parametrize("name", CAUGHT_AT)
def test_a_fault_is_caught_at_the_scale_where_it_is(kinds, classifiers, name):
    scans, found = kinds[0], scale_test(classifiers[CAUGHT_AT[name]], kinds[0], kinds[1][name])
    assert found.n == len(scans.images) == needed_scans.TO_JUDGE
    assert found.low > 0.5


@pytest.mark.parametrize("size", [16, 32])
def test_scans_of_other_patients_are_not_told_from_scans(kinds, classifiers, size):
    found = scale_test(classifiers[size], kinds[0], kinds[1]["scans of other patients"])
    assert found.low < 0.5 < found.high or abs(found.auc - 0.5) < 0.12


def test_copies_are_told_by_an_interval_under_a_half(kinds, classifiers):
    assert scale_test(classifiers[16], kinds[0], kinds[1]["copies, blurred"]).suggests_copies


def test_real_halves_are_not_told_apart(kinds, classifiers):
    scans, rng = kinds[0], np.random.default_rng(3)
    first = np.isin(scans.groups, rng.permutation(np.unique(scans.groups))[:25])
    others = scans.images[~first][::2]  # one frame of each patient: generated images have no patients to be known by
    assert 0.3 < scale_test(classifiers[16], scans.some(np.flatnonzero(first)[::2]), others).auc < 0.7
