"""Simulated scans: repeatable, told apart, and like real ones in their statistics and anatomy."""

import numpy as np
import pytest
from PIL import Image

from tfgan_thyroid.phantoms.anatomy import Ellipse, NeckAnatomy
from tfgan_thyroid.phantoms.canvas import Canvas, new_canvas
from tfgan_thyroid.phantoms.config import Map
from tfgan_thyroid.phantoms.imaging import to_pixels
from tfgan_thyroid.phantoms.patients import sample_patient, sample_view
from tfgan_thyroid.phantoms.phantom import Phantom, PhantomConfig, random_streams, simulate_scan

SMALL = PhantomConfig(height_px=219, width_px=292, sector_left_px=73)
SEED = 0
PATIENTS = range(1, 25)


@pytest.fixture(scope="module")
def scans() -> list[Phantom]:
    """One full-size scan of each of 24 patients."""
    return [simulate_scan(SEED, patient, frame=1) for patient in PATIENTS]


@pytest.fixture(scope="module")
def sectors(scans: list[Phantom]) -> np.ndarray:
    return np.stack([scan.image[:, 292:] for scan in scans]).astype(np.float32)


def scene(patient: int) -> tuple[NeckAnatomy, Canvas]:
    """The anatomy that `simulate_scan` draws, and its coordinates."""
    patient_stream, frame_stream = random_streams(SEED, patient, frame=1)
    anatomy, view = sample_patient(patient_stream), sample_view(frame_stream)
    return anatomy, new_canvas(anatomy, view, PhantomConfig(), patient_stream, frame_stream)


def outline(canvas: Canvas, ellipse: Ellipse) -> Map:
    return to_pixels(canvas.distance(ellipse), PhantomConfig())


def thumbnail(scan: Phantom) -> np.ndarray:
    return np.asarray(Image.fromarray(scan.image[:, 73:]).resize((32, 32), Image.Resampling.BOX), float).ravel()


def test_the_same_numbers_give_the_same_scan_whatever_was_simulated_before():
    first = simulate_scan(5, 2, 3, SMALL)
    simulate_scan(5, 9, 1, SMALL)
    second = simulate_scan(5, 2, 3, SMALL)
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.mask, second.mask)


def test_seed_patient_and_frame_each_change_the_scan():
    base = simulate_scan(5, 2, 3, SMALL).image
    for numbers in ((6, 2, 3), (5, 3, 3), (5, 2, 4), (5, 3, 2)):
        assert np.mean(base != simulate_scan(*numbers, SMALL).image) > 0.5


def test_frames_of_a_patient_resemble_each_other_more_than_patients_do():
    patients = [[thumbnail(simulate_scan(1, patient, frame, SMALL)) for frame in (1, 2)] for patient in range(1, 9)]
    first, second = np.array([frames[0] for frames in patients]), np.array([frames[1] for frames in patients])
    distance = np.linalg.norm(first[:, None] - second[None, :], axis=2)
    assert np.all(np.argmin(distance, axis=1) == np.arange(8))
    assert np.mean(np.diag(distance)) < 0.5 * np.mean(distance[~np.eye(8, dtype=bool)])


def test_scans_and_masks_have_the_raw_size_and_type(scans: list[Phantom]):
    for scan in scans:
        assert scan.image.shape == scan.mask.shape == (875, 1167)
        assert scan.image.dtype == scan.mask.dtype == np.uint8
        assert set(np.unique(scan.mask)) == {0, 255}


def test_grey_levels_match_real_scans(sectors: np.ndarray):
    means = sectors.mean(axis=(1, 2))
    # Means of patients scatter by 13, so that of 24 patients by 2.7: three of them about the real mean of 70.
    assert means.mean() == pytest.approx(70.0, abs=8.0)
    assert 9.0 <= means.std() <= 20.0
    assert 41.0 <= np.mean(sectors.std(axis=(1, 2))) <= 47.0
    percentiles = np.percentile(sectors, [5, 25, 50, 75, 95])
    np.testing.assert_allclose(percentiles, [6, 34, 68, 100, 155], atol=10.0)


def test_hardly_a_pixel_is_saturated(sectors: np.ndarray):
    assert np.max(np.mean(sectors >= 255, axis=(1, 2))) < 0.001


def test_brightness_falls_with_depth(sectors: np.ndarray):
    bands = [band.mean() for band in np.array_split(sectors, 8, axis=1)]
    assert bands[0] == pytest.approx(110.0, abs=15.0)
    assert bands[-1] == pytest.approx(30.0, abs=15.0)
    assert np.all(np.diff(bands) < 4.0)


def test_the_margin_stays_left_of_the_sector(scans: list[Phantom]):
    bare = PhantomConfig(width_px=875, sector_left_px=0)
    for patient in (1, 2):
        np.testing.assert_array_equal(scans[patient - 1].image[:, 292:], simulate_scan(SEED, patient, 1, bare).image)


def test_the_margin_is_dark_with_text_and_a_ruler(scans: list[Phantom]):
    margin = scans[0].image[:, :292]
    assert np.mean(margin > 0) < 0.1
    anatomy, _ = scene(1)
    ticks = np.flatnonzero(margin[:, 285] > 0)
    assert np.median(np.diff(ticks)) == pytest.approx(5.0 / (anatomy.field_mm / 875), abs=1.0)


def test_the_gland_is_of_plausible_size_and_inside_the_sector(scans: list[Phantom]):
    shares = np.array([np.mean(scan.mask[:, 292:] > 0) for scan in scans])
    assert shares.min() > 0.06
    assert shares.max() < 0.5
    assert not any(scan.mask[:, :292].any() for scan in scans)


def test_the_gland_is_brighter_than_the_carotid_lumen(scans: list[Phantom]):
    compared = 0
    for patient, scan in zip(PATIENTS, scans, strict=True):
        anatomy, canvas = scene(patient)
        image, gland = scan.image[:, 292:], scan.mask[:, 292:] > 0
        for carotid in anatomy.carotids:
            lumen = outline(canvas, carotid) < -0.6
            if lumen.sum() > 2000:
                rows = lumen.any(axis=1)
                assert np.mean(image[lumen]) < 0.6 * np.mean(image[rows][gland[rows]])
                compared += 1
    assert compared >= 10


def test_the_trachea_shadows_what_is_below_it(scans: list[Phantom]):
    for patient, scan in zip(PATIENTS, scans, strict=True):
        anatomy, canvas = scene(patient)
        u, v = to_pixels(canvas.u, PhantomConfig()), to_pixels(canvas.v, PhantomConfig())
        behind = (v > anatomy.trachea.z + anatomy.trachea.b) & (v < anatomy.spine_mm)
        shadow = behind & (np.abs(u) < 0.6 * anatomy.trachea.a)
        aside = behind & (np.abs(u) > 1.6 * anatomy.trachea.a)
        image = scan.image[:, 292:]
        if shadow.sum() > 2000:
            assert image[shadow].mean() < 0.75 * image[aside].mean()


def test_the_front_of_the_airway_is_brighter_than_what_is_behind_it(scans: list[Phantom]):
    fronts, insides = [], []
    for patient, scan in zip(PATIENTS, scans, strict=True):
        anatomy, canvas = scene(patient)
        air = outline(canvas, anatomy.trachea) + anatomy.cartilage_mm
        middle = np.abs(to_pixels(canvas.u, PhantomConfig())) < 0.4 * anatomy.trachea.a
        above = to_pixels(canvas.v, PhantomConfig()) < anatomy.trachea.z
        image = scan.image[:, 292:]
        fronts.append(image[(np.abs(air) < 0.3) & middle & above].mean())
        insides.append(image[(air < -4.0) & middle].mean())
    assert np.mean(fronts) > np.mean(insides) + 50.0


@pytest.mark.parametrize("numbers", [(-1, 1, 1), (0, 0, 1), (0, 1, 0)])
def test_numbers_below_their_minimum_are_refused(numbers: tuple[int, int, int]):
    with pytest.raises(ValueError, match="seeds start at 0"):
        simulate_scan(*numbers)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"height_px": 20}, "at least 64x64"),
        ({"width_px": 300}, "at least 64x64"),
        ({"sector_left_px": -1}, "counts columns from 0"),
        ({"dynamic_range_db": 0.0}, "20 to 120 dB"),
        ({"axial_speckle_px": 0.1}, "axial_speckle_px"),
        ({"lateral_speckle_px": (5.0, 90.0)}, "lateral_speckle_px"),
        ({"compound_looks": 0}, "1 to 9"),
        ({"frequency_mhz": 0.0}, "1 to 30"),
    ],
)
def test_settings_out_of_range_are_refused(setting: dict, message: str):
    with pytest.raises(ValueError, match=message):
        PhantomConfig(**setting)
