"""What is said of a data set before training, by the two files that tell of it."""

import json

import pytest

from tfgan_thyroid.data.records import schema
from tfgan_thyroid.data.records.concerns import concerns_of, find_concerns


def info(train=200, test=40, masks=True, rule="pattern:p", test_groups=10):
    counts, groups = {"train": train, "eval": 0, "test": test}, {"test": test_groups}
    return schema.DatasetInfo(1, counts, 64, 1, masks, "none", "lanczos", 0, rule, "0", "digest", groups=groups)


def sizes(*names):
    return {"splits": {"train": {"raw_sizes": dict.fromkeys(names, 50)}}}


@pytest.mark.parametrize(
    ("data", "statistics", "kind", "remedy"),
    [
        (info(train=40), {}, "few scans", "data_augmentation=conventional"),
        (info(rule="file"), {}, "no patients", "--group-pattern"),
        (info(test=0), {}, "no test patients", "--splits"),
        (info(test_groups=2), {}, "few test patients", "--splits"),
        (info(), sizes("875x1167"), "one scanner", "--data-description"),
        (info(), {"splits": {"train": {"mask_area": {"tiny": 3}}}}, "masks of a pixel or few", "--mask-label"),
        (info(), {"splits": {"test": {"mask_area": {"empty": 40}}}}, "no foreground", "--mask-label"),
        (info(), {"splits": {"train": {"flat_pictures": 3}}}, "masks among the scans", "--masks"),
        (info(), {"probe": {"scans": 8, "coloured": 1}}, "colour", "--split-lists"),
        (info(), {"probe": {"scans": 8, "drawn_on": 5}}, "calipers or text", "--inpaint-overlays"),
        (info(), {"probe": {"scans": 8, "margins": 8}}, "margins", "--crop auto"),
    ],
)
def test_what_spoils_a_training_is_said_with_what_mends_it(data, statistics, kind, remedy):
    (concern,) = concerns_of(data, statistics)
    assert concern.kind == kind
    assert remedy in concern.detail


def test_a_sound_data_set_raises_no_concern():
    probe = {"scans": 8, "coloured": 0, "drawn_on": 1, "margins": 1}
    assert concerns_of(info(), {"probe": probe, **sizes("875x1167", "600x800")}) == []
    assert concerns_of(info(), {"splits": {"test": {"mask_area": {"empty": 39}}}}) == []


def test_a_data_set_of_an_older_version_is_read_without_statistics(tmp_path):
    info(train=3).save(tmp_path)
    assert [concern.kind for concern in find_concerns(tmp_path)] == ["few scans"]
    (tmp_path / schema.STATISTICS_FILE).write_text(json.dumps(sizes("40x56")))
    assert [concern.kind for concern in find_concerns(tmp_path)] == ["few scans", "one scanner"]
