import subprocess
import sys

import pytest

from tfgan_thyroid.config import CHOICES
from tfgan_thyroid.metric_catalog import METRIC_NAMES, RESULTS, shortfall


def test_the_configuration_takes_every_metric_that_needs_no_features():
    assert set(METRIC_NAMES) - set(CHOICES["best_metric"]) == {"fid"}
    assert {result.metric for result in RESULTS.values()} == set(METRIC_NAMES)


@pytest.mark.parametrize(
    ("name", "better", "worse", "floor"),
    [
        ("mmd", 0.1, 0.2, None),
        ("kid", -0.001, 0.001, None),
        ("precision", 0.9, 0.5, 0.8),
        ("1nn", 0.55, 0.4, None),
        ("density", 1.1, 0.7, None),
        ("ms-ssim", 0.33, 0.20, 0.31),
        ("speckle_axial", 1.5, 2.0, 1.6),
    ],
)
def test_the_better_result_falls_less_short(name, better, worse, floor):
    assert shortfall(name, better, floor) < shortfall(name, worse, floor)


def test_a_metric_of_one_set_needs_the_real_number():
    with pytest.raises(ValueError, match="ms-ssim is better the nearer it is to the real set's number"):
        shortfall("ms-ssim", 0.3, None)


def test_the_catalog_is_light():
    code = "import sys, tfgan_thyroid.metric_catalog\nsys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
