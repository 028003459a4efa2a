"""Generated pairs against real ones: their masks' shapes, and what a U-Net says."""

import json

import numpy as np
import pytest
from scipy import stats

from tfgan_thyroid import pairs
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.evaluation.pairs.quality import compare_shapes
from tfgan_thyroid.metrics.mask_shape import mask_shapes
from tfgan_thyroid.segmentation.examples import SegmentationExamples, load_examples


def examples(masks):
    masks = np.asarray(masks, bool)[..., None]
    ids = [str(i) for i in range(len(masks))]
    return SegmentationExamples(np.zeros(masks.shape, np.uint8), masks, ids, ids)


def bars(lengths, row=3):
    """Masks of one bar each, 16x16 pixels."""
    masks = np.zeros((len(lengths), 16, 16), bool)
    for mask, length in zip(masks, lengths, strict=True):
        mask[row, 2 : 2 + length] = True
    return examples(masks)


def test_the_same_masks_do_not_differ():
    shapes = compare_shapes(bars([3, 5, 8]), bars([3, 5, 8]))
    for name in ("area", "row", "column", "eccentricity", "compactness", "components"):
        assert shapes[name]["kolmogorov_smirnov"] == shapes[name]["wasserstein"] == 0.0
        assert shapes[name]["real"] == shapes[name]["generated"]


def test_a_shift_is_seen_in_the_position_alone():
    shapes = compare_shapes(bars([3, 5, 8], row=3), bars([3, 5, 8], row=7))
    assert shapes["row"]["wasserstein"] == pytest.approx(4 / 16)
    assert shapes["row"]["kolmogorov_smirnov"] == 1.0
    assert shapes["area"]["wasserstein"] == shapes["compactness"]["wasserstein"] == 0.0


def test_distances_are_those_of_scipy():
    real, generated = bars([3, 5, 8, 4]), bars([6, 7, 4])
    areas = [mask_shapes(kind.masks[..., 0])["area"] for kind in (real, generated)]
    row = compare_shapes(real, generated)["area"]
    assert row["kolmogorov_smirnov"] == pytest.approx(stats.ks_2samp(*areas).statistic)
    # The area between both distribution functions, summed over the places where they step.
    places = np.sort(np.concatenate(areas))
    below = [np.searchsorted(np.sort(area), places[:-1], side="right") / len(area) for area in areas]
    assert row["wasserstein"] == pytest.approx(np.sum(np.abs(below[0] - below[1]) * np.diff(places)))
    assert row["real"]["mean"] == pytest.approx(5 / 256)


def test_empty_masks_are_counted_and_have_no_position():
    shapes = compare_shapes(bars([3, 5]), bars([0, 0, 0, 5]))
    assert shapes["empty"] == {"real": 0.0, "generated": 0.75}
    assert shapes["row"]["generated"]["n"] == 1
    nothing = compare_shapes(bars([3]), bars([0]))
    assert nothing["row"]["kolmogorov_smirnov"] is None and nothing["area"]["kolmogorov_smirnov"] == 1.0


def test_the_command_writes_report_and_picture(labelled_dataset, make_labelled_dataset, tmp_path, capsys):
    generated = make_labelled_dataset(tmp_path / "generated", {"train": 12}, seed=5)
    words = ["--real", str(labelled_dataset), "--generated", str(generated), "--output", str(tmp_path / "report")]
    assert pairs.main([*words, "--steps", "60", "--batch-size", "6", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record == json.loads((tmp_path / "report" / "pairs.json").read_text())
    assert record["pairs"] == {"real": 20, "generated": 12}
    # Both kinds are the same bright discs.
    assert min(record["dice"].values()) > 0.8
    assert record["shapes"]["components"]["generated"]["mean"] == 1.0
    assert "| real | generated | 0." in (tmp_path / "report" / "pairs.md").read_text()
    assert (tmp_path / "report" / "pairs.png").read_bytes().startswith(b"\x89PNG")


def test_shapes_alone_need_no_u_net(labelled_dataset, tmp_path, capsys):
    words = ["--real", str(labelled_dataset), "--generated", str(labelled_dataset), "--output", str(tmp_path)]
    assert pairs.main([*words, "--shapes-only", "--count", "5"]) == 0
    assert "U-Net" not in capsys.readouterr().out
    assert json.loads((tmp_path / "pairs.json").read_text())["dice"] is None


def test_mistakes_are_told_in_one_line(labelled_dataset, make_labelled_dataset, tmp_path):
    larger = make_labelled_dataset(tmp_path / "larger", {"train": 2}, image_size=32)
    plain = make_labelled_dataset(tmp_path / "plain", {"train": 2}, masks=False)
    odd = make_labelled_dataset(tmp_path / "odd", {"train": 2}, mask_value=7)
    small = make_labelled_dataset(tmp_path / "small", {"train": 2}, mask_size=8)
    for generated, match in ((larger, "32 pixels.*have 16"), (plain, "no masks"), (odd, "value 7"), (small, "8x8")):
        with pytest.raises(UserError, match=match):
            pairs.main(["--real", str(labelled_dataset), "--generated", str(generated), "--output", str(tmp_path)])
    assert len(load_examples(labelled_dataset, "train")) == 20
