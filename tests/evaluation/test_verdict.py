"""The verdict's words for each kind of result; what real images give is in `two_sample/test_first_line.py`."""

import numpy as np
import pytest

from tfgan_thyroid.evaluation.two_sample.result import ScaleResult, TwoSample
from tfgan_thyroid.evaluation.verdict import verdict

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 1), np.uint8)


def found(aucs, form="full", spacing=1.0, **parts):
    results = [ScaleResult(size, 300, auc, auc - 0.05, auc + 0.05, 0.2) for size, auc in aucs.items()]
    return TwoSample(form, 0, 150, results, parts.get("as_many", []), parts.get("unseen", []), spacing)


@pytest.mark.parametrize(
    ("aucs", "spacing", "start"),
    [
        (
            {16: 0.53, 32: 0.58, 64: 0.97},
            1.0,
            "Told from scans by texture: at 64 pixels (texture) a small network ranks "
            "the scan above the generated image in 97 of 100 pairs, at 32 (structures) in 58, at 16 (layout) in 53; 50 "
            "is chance (300 scans of 150 patients)",
        ),
        (
            {16: 0.7, 32: 0.95, 64: 1.0},
            1.0,
            "Told from scans by texture and structures, told from scans in part by layout: ",
        ),
        ({16: 1.0, 32: 1.0}, 1.0, "Told from scans at every scale: "),
        ({16: 0.52, 32: 0.55, 64: 0.58}, 1.0, "Hardly told from scans at 16, 32, 64 pixels: "),
        (
            {16: 0.3, 32: 0.55},
            1.0,
            "Generated images copy scans: at 16 pixels an AUC of 0.30 (0.25 to 0.35) lies wholly under .5",
        ),
        (
            {16: 0.52, 32: 0.55},
            0.2,
            "Variety is missing: generated images lie 0.20 times as far from each other as scans do; hardly told",
        ),
    ],
)
def test_the_headline_names_scales_copies_and_variety(aucs, spacing, start):
    assert verdict(IMAGES, found(aucs, spacing=spacing)).headline.startswith(start)


def test_copies_at_the_scale_of_the_layout_alone_are_called_so_and_the_audit_is_named():
    large = np.random.default_rng(0).integers(0, 256, (6, 64, 64, 1), np.uint8)
    headline = verdict(large, found({16: 0.3, 32: 0.55})).headline
    assert headline.startswith("Generated images copy the layout of scans: at 16 pixels an AUC of 0.30 (0.25 to 0.35)")
    assert "evaluate --audit looks for copies of whole ones" in headline
    assert verdict(large, found({16: 0.3, 32: 0.35})).headline.startswith("Generated images copy scans: ")


def test_without_a_test_there_is_no_praise_and_what_is_seen_at_once_is_said():
    assert verdict(IMAGES, None, None, "too few scans").headline == "No verdict: too few scans"
    grey = verdict(np.full_like(IMAGES, 90), None, None, "too few scans")
    assert grey.lines == [
        "Generated images show nothing: 6 of 6 are of one grey level",
        "not judged further: too few scans",
    ]
    same = verdict(np.repeat(IMAGES[:1], 6, axis=0), None, None, "few")
    assert same.headline == "Variety is missing: all 6 generated images are the same image"


def test_the_short_form_is_named_and_unseen_scans_stand_beside_as_many_training_scans():
    assert "(short form, 300 scans of 150 patients)" in verdict(IMAGES, found({16: 0.5}, form="short")).headline
    pair = {
        "as_many": [ScaleResult(16, 120, 0.45, 0.4, 0.5, 0.0)],
        "unseen": [ScaleResult(16, 120, 0.7, 0.6, 0.8, 0.1)],
    }
    lines = verdict(IMAGES, found({16: 0.5}, **pair)).details
    assert lines == ("at 16 pixels, 120 scans each: AUC 0.45 on training scans, 0.70 on unseen ones",)
