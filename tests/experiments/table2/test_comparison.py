import pytest

from tfgan_thyroid.experiments.significance import Interval
from tfgan_thyroid.experiments.table2.comparison import compare_rows, outcome, verdict
from tfgan_thyroid.experiments.table2.rows import Table2Row
from tfgan_thyroid.experiments.table2.table import unet_name

REAL, PAIRS = Table2Row(16), Table2Row(16, 64)
CONVENTIONAL, BOTH = Table2Row(16, 0, "conventional"), Table2Row(16, 64, "conventional")


def results(means, seeds=5, groups=6):
    """Results of rows whose groups and seeds differ among each other as they do in every row."""
    made = {}
    for row, mean in means.items():
        for seed in range(seeds):
            values = [mean + 0.02 * ((3 * seed + 5 * group) % 7 - 3) for group in range(groups)]
            parts = {f"g{g}": {"images": g + 1, "dice": v, "iou": v / 2} for g, v in enumerate(values)}
            dice = sum(p["images"] * p["dice"] for p in parts.values()) / sum(p["images"] for p in parts.values())
            made[unet_name(row, seed)] = {"groups": parts, "image_mean": {"dice": dice, "iou": dice / 2}}
    return made


def compared(means, seeds=5):
    rows = [REAL, PAIRS, CONVENTIONAL, BOTH]
    return compare_rows(rows, dict.fromkeys(rows, 5), results(means, seeds))


def test_rows_are_compared_with_their_real_scans_alone_and_with_conventional_augmentation():
    real, pairs, conventional, both = compared({REAL: 0.5, PAIRS: 0.53, CONVENTIONAL: 0.6, BOTH: 0.59})
    assert real.difference is None and pairs.over_conventional is None
    assert pairs.difference["dice"] == pytest.approx((0.03, 0.03, 0.03))
    assert pairs.difference["iou"] == pytest.approx((0.015, 0.015, 0.015))
    assert conventional.difference["dice"].mean == pytest.approx(0.1)
    assert both.over_conventional["dice"] == pytest.approx((-0.01, -0.01, -0.01))
    assert real.by_seed[2] == pytest.approx(real.scores["dice"].mean, abs=0.1)


def test_a_row_without_results_is_left_out():
    assert [result.row for result in compared({REAL: 0.5, BOTH: 0.6})] == [REAL, BOTH]
    assert compared({REAL: 0.5, BOTH: 0.6})[1].over_conventional is None


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        (Interval(0.1, 0.01, 0.2), "gain"),
        (Interval(-0.1, -0.2, -0.01), "loss"),
        (Interval(0.1, -0.1, 0.3), "no measurable gain"),
        (Interval(0.1, None, None), "one seed"),
    ],
)
def test_an_outcome_is_where_the_interval_lies(interval, expected):
    assert outcome(interval) == expected


def test_the_verdict_names_the_gain_and_where():
    text = verdict(compared({REAL: 0.5, PAIRS: 0.53, CONVENTIONAL: 0.6, BOTH: 0.61}), 126)
    assert text.startswith("Generated pairs gave a measurable gain in Dice over real scans alone in 1 of 1 rows")
    assert "16 real + 64 generated" in text and "+0.0300" in text
    assert "on top of conventional augmentation, a gain in 1 of 1 rows" in text


def test_the_verdict_can_say_that_nothing_was_gained():
    text = verdict(compared({REAL: 0.5, PAIRS: 0.49, CONVENTIONAL: 0.6, BOTH: 0.6}), 126)
    assert text.startswith("No measurable gain: in none of 1 rows")
    assert "a measurable loss in 16 real + 64 generated" in text
    assert "on top of conventional augmentation, no measurable gain in 1 rows" in text


def test_one_seed_is_no_verdict():
    assert verdict(compared({REAL: 0.5, PAIRS: 0.9}, seeds=1), 126).startswith("No verdict yet")
