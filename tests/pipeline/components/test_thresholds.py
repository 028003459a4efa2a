import math

import pytest

from pipeline.components.thresholds import DEFAULT, check_changes, check_two_sample, check_values, read_thresholds
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.evaluation.judgement import Judgement
from tfgan_thyroid.evaluation.two_sample.result import ScaleResult, TwoSample
from tfgan_thyroid.metrics.estimate import Estimate


def estimates(mmd=0.10, accuracy=0.6, similarity=0.35, floor=0.09):
    values = {"mmd": (mmd, floor), "1nn": (accuracy, 0.5), "ms-ssim": (similarity, 0.31)}
    return {
        name: Estimate.of([value], [] if real is None else [real], 10, 0, "pixels", "")
        for name, (value, real) in values.items()
    }


def two_sample(**aucs):
    found = {"16": 0.55, "32": 0.6, "64": 1.0, **aucs}
    results = [ScaleResult(int(size), 600, auc, auc - 0.04, auc + 0.04, 0.1) for size, auc in found.items()]
    return TwoSample("full", 0, 300, results, [], [], 1.0)


def broken(checks):
    return [check.words for check in checks if not check.kept]


def write(tmp_path, text):
    path = tmp_path / "thresholds.toml"
    path.write_text(text)
    return path


def test_a_good_model_keeps_to_the_default_thresholds():
    checks = check_values(DEFAULT["value"], estimates(), audit_passed=True)
    checks += check_two_sample(DEFAULT["value"], two_sample(), 64, "")
    assert [check.threshold for check in checks] == [f"value.{name}" for name in DEFAULT["value"]]
    assert broken(checks) == []


@pytest.mark.parametrize(
    ("changes", "audit_passed", "words"),
    [
        ({"mmd": 0.15}, True, "MMD is 0.1500, 0.0600 above its floor"),
        ({"accuracy": 0.97}, True, "1-NN accuracy is 0.970, 0.470 from 0.5"),
        ({"accuracy": 0.02}, True, "0.480 from 0.5"),
        ({"similarity": 0.5}, True, "too much alike"),
        ({"mmd": math.nan}, True, "MMD is nan"),
        ({"similarity": math.nan}, True, "MS-SSIM among generated images is nan"),
        ({"floor": None}, True, "no real-against-real floor"),
        ({}, False, "memorisation audit failed"),
    ],
)
def test_each_broken_value_is_told_in_words(changes, audit_passed, words):
    reasons = broken(check_values(DEFAULT["value"], estimates(**changes), audit_passed))
    assert len(reasons) == 1
    assert words in reasons[0]


@pytest.mark.parametrize(
    ("aucs", "words"),
    [
        ({"16": 0.657}, "at 16 pixels the two-sample AUC is 0.657 (0.617 to 0.697) (at most 0.65)"),
        ({"32": 0.758}, "at 32 pixels the two-sample AUC is 0.758 (0.718 to 0.798) (at most 0.75)"),
        ({"16": 0.3}, "at 16 pixels the two-sample AUC is 0.300 (0.260 to 0.340), wholly under 0.5: copies"),
    ],
)
def test_layout_or_structures_that_are_told_and_copies_are_not_blessed(aucs, words):
    assert broken(check_two_sample(DEFAULT["value"], two_sample(**aucs), 64, "")) == [words]


def test_the_full_size_is_limited_when_asked_and_small_images_have_no_finer_scale():
    asked = {"two_sample_auc_full": 0.9, "two_sample_auc_32": 0.75}
    assert broken(check_two_sample(asked, two_sample(), 64, "")) == [
        "at 64 pixels the two-sample AUC is 1.000 (0.960 to 1.040) (at most 0.9)"
    ]
    assert [check.threshold for check in check_two_sample(asked, two_sample(), 16, "")] == ["value.two_sample_auc_full"]


def test_too_few_scans_are_never_blessed_by_default_and_say_how_many_are_needed():
    why = "No verdict: too few scans to judge: 28 scans of 28 patients, and a verdict needs at least 100"
    judgement = Judgement(check_two_sample(DEFAULT["value"], None, 64, why), [])
    assert not judgement.blessed
    assert judgement.reasons == [why]


def test_a_change_for_the_worse_is_held_against_the_last_blessed_model():
    assert broken(check_changes(DEFAULT["change"], estimates(mmd=0.115), estimates())) == []
    assert broken(check_changes(DEFAULT["change"], estimates(mmd=0.05), estimates())) == []
    reasons = broken(check_changes(DEFAULT["change"], estimates(mmd=0.13, accuracy=0.8), estimates()))
    assert len(reasons) == 2
    assert "MMD is 0.1300, 0.0300 above the last blessed model's 0.1000 (at most 0.02)" in reasons[0]


def test_a_threshold_left_out_asks_nothing(tmp_path):
    thresholds = read_thresholds(write(tmp_path, "[value]\nmmd_over_floor = 0.01\n"))
    assert thresholds == {"value": {"mmd_over_floor": 0.01}, "change": {}}
    assert len(check_values(thresholds["value"], estimates(accuracy=1.0, mmd=0.2), audit_passed=False)) == 1
    assert check_changes(thresholds["change"], estimates(mmd=9.0), estimates()) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[value]\nmdm = 1\n", "unknown threshold 'mdm'"),
        ("[values]\nmmd = 1\n", r"unknown section \[values\]"),
        ("mmd = 1\n", r"unknown section \[mmd\]"),
        ("[value]\nmmd_over_floor = 'low'\n", "give a number"),
        ("[value]\nmmd_over_floor = nan\n", "give a number"),
        ("[change]\nmmd = true\n", "give a number"),
        ("[value]\nmemorization_audit = 1\n", "give true or false"),
        ("[value\n", "is no TOML file"),
    ],
)
def test_a_file_that_asks_for_what_is_not_known_is_refused(tmp_path, text, words):
    with pytest.raises(UserError, match=words):
        read_thresholds(write(tmp_path, text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.toml does not exist"):
        read_thresholds(tmp_path / "none.toml")
