import csv
import io
import json
import math

import numpy as np
import pytest
from PIL import Image

from tfgan_thyroid.segmentation.examples import SegmentationExamples
from tfgan_thyroid.segmentation.overlays import FALSE_NEGATIVE, FALSE_POSITIVE, TRUE_POSITIVE, overlay
from tfgan_thyroid.segmentation.report import scores_csv, summary, write_report
from tfgan_thyroid.segmentation.scores import score

SIZE = 16


def strip(left, right):
    mask = np.zeros((SIZE, SIZE), bool)
    mask[4:8, left:right] = True
    return mask


# Reference, prediction: half found; all found and as much again; both empty; missed.
CASES = [
    (strip(0, 4), strip(0, 2)),
    (strip(0, 4), strip(0, 8)),
    (strip(0, 0), strip(0, 0)),
    (strip(3, 9), strip(0, 0)),
]
GROUPS = ["a", "b", "b", "a"]


@pytest.fixture
def examples():
    references = np.stack([reference for reference, _ in CASES])[..., None]
    images = np.full(references.shape, 100, np.uint8)
    return SegmentationExamples(images, references, [f"id{i}" for i in range(len(CASES))], GROUPS)


@pytest.fixture
def predicted():
    return np.stack([prediction for _, prediction in CASES])


@pytest.fixture
def scores(examples, predicted):
    return score(examples, predicted)


def test_scores_by_image_are_those_counted_by_hand(scores):
    np.testing.assert_allclose(scores.values("dice"), [2 / 3, 2 / 3, 1.0, 0.0])
    np.testing.assert_allclose(scores.values("iou"), [0.5, 0.5, 1.0, 0.0])
    np.testing.assert_allclose(scores.values("precision"), [1.0, 0.5, 1.0, 0.0])
    np.testing.assert_allclose(scores.values("recall"), [0.5, 1.0, 1.0, 0.0])
    np.testing.assert_array_equal(np.isnan(scores.values("hausdorff_95")), [False, False, False, True])
    assert scores.values("hausdorff_95")[2] == 0.0
    assert scores.without_distance() == 1


def test_the_image_mean_leaves_out_distances_that_do_not_exist(scores):
    mean = scores.image_mean()
    assert mean["dice"] == pytest.approx((2 / 3 + 2 / 3 + 1 + 0) / 4)
    assert mean["iou"] == pytest.approx(0.5)
    assert mean["hausdorff_95"] == pytest.approx(scores.values("hausdorff_95")[:3].mean())


def test_pooled_scores_come_from_all_pixels_together(scores):
    # In pixels: 8 + 16 right, 16 wrong, 8 + 24 missed.
    assert scores.pooled() == pytest.approx({"dice": 48 / 96, "iou": 24 / 72, "precision": 24 / 40, "recall": 24 / 56})


def test_class_means_average_foreground_and_background(scores):
    background = [2 * 240 / (240 + 248), 2 * 224 / (240 + 224), 1.0, 2 * 232 / (232 + 256)]
    foreground = [2 / 3, 2 / 3, 1.0, 0.0]
    assert scores.class_mean()["dice"] == pytest.approx(np.mean([background, foreground]))


def test_groups_keep_their_images_and_means(scores):
    assert [len(group.images) for group in scores.by_group().values()] == [2, 2]
    means = scores.group_means("dice")
    assert {name: group["dice"] for name, group in means.items()} == pytest.approx({"a": 1 / 3, "b": 5 / 6})


def test_the_table_has_a_row_for_each_image_by_hash(scores):
    rows = list(csv.DictReader(io.StringIO(scores_csv(scores))))
    assert [row["source_id"] for row in rows] == ["id0", "id1", "id2", "id3"]
    assert float(rows[0]["dice"]) == scores.images[0].counts.dice  # every digit
    assert rows[3]["hausdorff_95"] == rows[3]["average_surface_distance"] == ""
    assert [int(rows[1][name]) for name in ("true_positives", "false_positives", "false_negatives")] == [16, 16, 0]


def test_the_summary_has_the_shape_of_nnunets(scores):
    found = json.loads(json.dumps(summary(scores), allow_nan=False))
    assert {"foreground_mean", "mean", "metric_per_case"} <= set(found)
    assert found["foreground_mean"]["Dice"] == pytest.approx(scores.image_mean()["dice"])
    assert found["foreground_mean"]["IoU"] == pytest.approx(0.5)
    assert found["mean"]["1"] == found["foreground_mean"]
    nnunet = {"Dice", "IoU", "FN", "FP", "TN", "TP", "n_pred", "n_ref"}
    for case in found["metric_per_case"]:
        assert nnunet <= set(case["metrics"]["1"])
        assert {"prediction_file", "reference_file"} <= set(case)
    assert found["metric_per_case"][3]["metrics"]["1"]["HD95"] is None
    assert found["images_without_distance"] == 1
    assert found["groups"]["b"]["n"] == 2
    assert "both empty counts 1" in found["definitions"]["image_mean"]


def test_a_set_without_any_distance_reports_null():
    examples = SegmentationExamples(
        np.zeros((1, SIZE, SIZE, 1), np.uint8), strip(0, 4)[None, ..., None], ["id"], ["group"]
    )
    scores = score(examples, np.zeros((1, SIZE, SIZE), bool))
    assert math.isnan(scores.image_mean()["hausdorff_95"])
    found = json.loads(json.dumps(summary(scores), allow_nan=False))
    assert found["foreground_mean"]["HD95"] is found["image_mean"]["hausdorff_95"] is None


def test_a_split_without_foreground_has_no_score_even_where_nothing_was_found():
    nothing = np.zeros((2, SIZE, SIZE), bool)
    examples = SegmentationExamples(nothing.astype(np.uint8)[..., None], nothing[..., None], ["a", "b"], ["p", "q"])
    scores = score(examples, nothing)
    found = json.loads(json.dumps(summary(scores), allow_nan=False))
    for kind in ("image_mean", "pooled", "class_mean", "foreground_mean"):
        assert set(found[kind].values()) == {None}
    assert found["groups"]["p"]["dice"] is None
    assert found["metric_per_case"][0]["metrics"]["1"]["Dice"] == 1.0  # an image's own score, as defined


def test_a_group_without_foreground_counts_by_its_images_where_another_group_has_some():
    masks = np.stack([strip(0, 4), strip(0, 0)])
    examples = SegmentationExamples(np.zeros((2, SIZE, SIZE, 1), np.uint8), masks[..., None], ["a", "b"], ["p", "q"])
    groups = score(examples, masks).by_group()
    assert groups["q"].image_mean()["dice"] == 1.0


def test_an_overlay_colours_what_is_found_wrong_and_missed_and_nothing_else():
    image = np.full((1, 4), 100, np.uint8)
    reference, predicted = np.array([[1, 0, 1, 0]], bool), np.array([[1, 1, 0, 0]], bool)
    drawn = overlay(image, reference, predicted)
    mixed = [np.rint(0.45 * 100 + 0.55 * np.array(c)) for c in (TRUE_POSITIVE, FALSE_POSITIVE, FALSE_NEGATIVE)]
    np.testing.assert_array_equal(drawn[0], [*mixed, [100, 100, 100]])


def luminance(colour):
    """Relative luminance by WCAG 2, which tells the colours apart where hue does not."""
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in np.array(colour) / 255]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def test_the_colours_also_differ_in_luminance_or_in_blue_against_yellow():
    """Red-green blindness leaves brightness and the axis from blue to yellow."""
    colours = [TRUE_POSITIVE, FALSE_POSITIVE, FALSE_NEGATIVE]
    for first, second in zip(colours, colours[1:] + colours[:1], strict=True):
        yellow = [min(c[0], c[1]) - c[2] for c in (first, second)]
        assert abs(luminance(first) - luminance(second)) > 0.1 or abs(yellow[0] - yellow[1]) > 100


def test_the_report_draws_the_worst_case_first(examples, predicted, scores, tmp_path):
    write_report(tmp_path, examples, predicted, scores)
    assert {path.name for path in tmp_path.iterdir()} == {"scores.csv", "summary.json", "overlays.png"}
    picture = np.asarray(Image.open(tmp_path / "overlays.png").convert("RGB")).astype(int)
    missed = np.rint(0.45 * 100 + 0.55 * np.array(FALSE_NEGATIVE))
    columns = np.argwhere((np.abs(picture - missed) <= 1).all(axis=-1))[:, 1]
    # The missed strip of the last image is drawn in the first of four panels, the half-found one's rest in the second.
    assert columns.min() < picture.shape[1] / 4
