import json
import math

import numpy as np
import pytest

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.metric_catalog import METRIC_NAMES, METRICS, RESULTS
from tfgan_thyroid.metrics.mmd import mmd
from tfgan_thyroid.metrics.ms_ssim import ms_ssim
from tfgan_thyroid.metrics.speckle import speckle_statistics
from tfgan_thyroid.metrics.suite import evaluate_metrics

PAPER = ("mmd", "1nn")
IN_PIXELS = tuple(name for name in METRIC_NAMES if METRICS[name].space != "features")
ONE_SET = {"ms-ssim", "speckle_contrast", "speckle_axial", "speckle_lateral"}


def images(seed, count, offset=0, size=16):
    rng = np.random.default_rng(seed)
    # Images of different level, contrast and grain, as scans are.
    levels = rng.integers(60, 120, (count, 1, 1, 1)) + rng.integers(5, 40, (count, 1, 1, 1)) * rng.normal(
        size=(count, size, size, 1)
    )
    return np.clip(levels + offset, 0, 255).astype(np.uint8)


def evaluate(real, generated, samples=10, draws=3, seed=0, names=PAPER, **options):
    return evaluate_metrics(names, real, generated, samples=samples, draws=draws, seed=seed, **options)


def test_one_draw_of_everything_is_the_metric_itself():
    real, generated = images(0, 12), images(1, 12, 20)
    estimate = evaluate(real, generated, samples=12, draws=1)["mmd"]
    flat = [x.reshape(12, -1) / 255.0 for x in (real, generated)]
    assert estimate.mean == pytest.approx(mmd(*flat), rel=1e-9)
    assert (estimate.std, estimate.n, estimate.draws) == (0.0, 12, 1)


def test_fewer_images_shrink_the_draw_and_leave_no_floor():
    estimates = evaluate(images(0, 30), images(1, 12), samples=20)
    assert {estimate.n for estimate in estimates.values()} == {12}
    assert estimates["mmd"].floor is not None
    few = evaluate(images(0, 10), images(1, 12), names=IN_PIXELS)
    assert {name for name, estimate in few.items() if estimate.floor is not None} == ONE_SET


def test_the_floor_of_real_against_real_is_near_what_equal_sets_give():
    estimates = evaluate(images(0, 200), images(1, 200), samples=50, draws=10, names=IN_PIXELS)
    for name, estimate in estimates.items():
        assert estimate.mean == pytest.approx(estimate.floor, abs=0.1), name


def test_the_floor_of_a_metric_of_one_set_is_the_real_sets_number():
    real, generated = images(0, 12), images(1, 12)
    found = evaluate(real, generated, samples=12, draws=1, names=("ms-ssim", "speckle"))
    assert found["ms-ssim"].mean == pytest.approx(ms_ssim(generated), rel=1e-9)
    assert found["ms-ssim"].floor == pytest.approx(ms_ssim(real), rel=1e-9)
    parts = [found[f"speckle_{part}"] for part in ("contrast", "axial", "lateral")]
    assert [part.mean for part in parts] == pytest.approx(speckle_statistics(generated).mean(axis=0))
    assert [part.floor for part in parts] == pytest.approx(speckle_statistics(real).mean(axis=0))


def test_ms_ssim_takes_32_images_of_a_draw_and_says_so_with_its_scales():
    found = evaluate(images(0, 50, size=64), images(1, 50, size=64), samples=40, draws=1, names=("mmd", "ms-ssim"))
    assert (found["mmd"].n, found["ms-ssim"].n) == (40, 32)
    assert "3 scales of weights 0.0711, 0.4530, 0.4760" in found["ms-ssim"].definition


def test_the_seed_decides_the_draws():
    sets = images(0, 40), images(1, 40)
    first, same, other = (evaluate(*sets, seed=seed, names=IN_PIXELS) for seed in (1, 1, 2))
    assert first == same
    assert first["mmd"].mean != other["mmd"].mean


def test_a_metric_does_not_depend_on_the_others_asked_for():
    sets = images(0, 40), images(1, 40)
    together = evaluate(*sets, names=IN_PIXELS)
    assert list(together) == [key for key in RESULTS if RESULTS[key].metric in IN_PIXELS]
    for name in IN_PIXELS:
        alone = evaluate(*sets, names=[name])
        assert alone == {key: together[key] for key in RESULTS if RESULTS[key].metric == name}


def test_two_generators_meet_the_same_real_images():
    real = images(0, 40)
    floors = [evaluate(real, images(seed, count))["mmd"].floor for seed, count in ((1, 40), (2, 25))]
    assert floors[0] == floors[1]


def test_every_estimate_says_what_it_is_and_keeps_its_draws():
    for name, estimate in evaluate(images(0, 8), images(1, 8), seed=5, draws=2, names=IN_PIXELS).items():
        assert estimate.definition.startswith(RESULTS[name].definition)
        assert (estimate.seed, estimate.draws, estimate.features) == (5, 2, "pixels in [0, 1]")
        assert estimate.mean == pytest.approx(np.mean(estimate.values)) and len(estimate.values) == 2
        assert estimate.std == pytest.approx(np.std(estimate.values, ddof=1))
        assert json.loads(json.dumps(estimate._asdict()))["n"] == 8


def test_given_features_replace_the_pixels_where_distances_are_taken():
    real, generated = images(0, 12), images(1, 12)
    vectors = [np.random.default_rng(seed).normal(size=(12, 7)).astype(np.float32) for seed in (2, 3)]
    found = evaluate(real, generated, 12, 1, names=METRIC_NAMES, features=("random vectors", *vectors))
    assert found["mmd"].mean == pytest.approx(mmd(*vectors), rel=1e-9)
    pixels = {name for name, estimate in found.items() if estimate.features == "pixels in [0, 1]"}
    assert pixels == ONE_SET | {"spectrum", "speckle"}
    assert found["1nn"].features == "random vectors"


def test_progress_is_told_after_each_draw():
    told = []
    evaluate(images(0, 12), images(1, 12), draws=3, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("level", [0, 90])
def test_a_collapsed_generator_is_measured(level):
    flat = np.full((40, 16, 16, 1), level, np.uint8)
    found = evaluate(images(0, 40), flat, names=IN_PIXELS)
    assert all(math.isfinite(estimate.mean) for estimate in found.values())
    assert found["ms-ssim"].mean == pytest.approx(1.0)
    assert found["1nn_generated"].mean == 1.0
    assert found["recall"].mean == 0.0


GOOD = images(0, 20)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"names": ["fied"]}, "metric 'fied' is not known: choose from mmd, mmd-unbiased"),
        ({"names": ["fid"]}, "fid is of features, not of pixels: give --features random, encoder or network"),
        ({"names": []}, "metric '' is not known"),
        ({"real": images(0, 3)}, "mmd needs at least 4 images of each kind, there are 3 real and 20 generated"),
        ({"generated": images(0, 5), "names": ["density"]}, "density needs at least 6 images of each kind"),
        ({"samples": 3}, "mmd needs draws of at least 4 images: 3 were asked for"),
        ({"draws": 0}, "give at least 1"),
        ({"generated": images(0, 20, size=32)}, "real images are 16x16x1, generated ones 32x32x1: bring both to one"),
        ({"real": np.repeat(GOOD[:1], 20, axis=0)}, "all 20 real images are equal"),
        ({"generated": GOOD / np.float32(255)}, "uint8; the generated ones are float32: quantize"),
        ({"real": np.full(GOOD.shape, np.nan)}, r"real images hold values that are not finite \(NaN\)"),
        ({"generated": GOOD[..., 0]}, r"\[N, H, W, C\]; the generated ones have shape \(20, 16, 16\)"),
        ({"generated": GOOD[:, :9, :9], "real": GOOD[:, :9, :9], "names": ["ms-ssim"]}, "at least 11x11 pixels"),
    ],
)
def test_wrong_use_is_one_line_that_names_the_remedy(arguments, message):
    given = {"names": PAPER, "real": GOOD, "generated": GOOD, "samples": 10, "draws": 2, "seed": 0, **arguments}
    with pytest.raises(UserError, match=message):
        evaluate_metrics(given.pop("names"), given.pop("real"), given.pop("generated"), **given)


@pytest.mark.parametrize(
    ("real", "generated", "message"),
    [
        (np.ones((20, 3)), np.ones((20, 3)), "features of all real images are equal"),
        (np.eye(20), np.eye(20)[:7], r"features of 20 generated images must be \[20, F\], got \(7, 20\)"),
        (np.eye(20), np.full((20, 20), np.nan), r"generated images hold values that are not finite"),
        (np.eye(20)[None], np.eye(20), r"must be \[20, F\], got \(1, 20, 20\)"),
        (np.eye(20), np.ones((20, 3)), r"features \(10, 20\) and \(10, 3\) do not go together"),
    ],
)
def test_features_that_cannot_be_used_are_refused(real, generated, message):
    with pytest.raises(ValueError, match=message):
        evaluate(GOOD, GOOD, features=("vectors", real, generated))
