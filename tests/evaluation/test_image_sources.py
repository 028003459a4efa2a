"""Where images come from: each kind gives its images and says what it is, and the wrong thing is told in words."""

import shutil

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfgan_thyroid.data.preprocessing import quantize
from tfgan_thyroid.data.records.input_pipeline import load_images
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.evaluation import image_sources
from tfgan_thyroid.evaluation.generated_images import generated_source, run_images
from tfgan_thyroid.evaluation.image_sources import Kind, held_out_source, identify, real_source
from tfgan_thyroid.models.registry import build_model
from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.run_directory import RunDirectory

SCANS = np.random.default_rng(0).integers(0, 256, size=(6, 16, 16, 1), dtype=np.uint8)


def test_a_data_set_gives_its_split_in_stored_order(dataset):
    source = real_source(dataset, "train")
    np.testing.assert_array_equal(source.images, load_images(dataset, "train", 100))
    assert (source.kind, source.facts["count"], source.facts["digest"]) == (Kind.DATASET, 24, "digest-of-textures")
    np.testing.assert_array_equal(np.bincount(source.groups), 2)  # two scans of each patient
    np.testing.assert_array_equal(source.groups[::2], source.groups[1::2])


def test_the_other_splits_are_held_out(dataset, write_folder):
    np.testing.assert_array_equal(held_out_source(dataset, "train").images, load_images(dataset, "eval", 100))
    assert held_out_source(dataset, "eval").facts["split"] == "train"
    assert held_out_source(write_folder("scans", SCANS), "train") is None


def test_a_folder_gives_its_images_by_name_and_a_digest_of_pixels_alone(write_folder):
    folder = write_folder("a", SCANS)
    source = real_source(folder, "train")
    np.testing.assert_array_equal(source.images, SCANS)
    other = real_source(write_folder("b", SCANS[::-1]), "train")
    assert source.facts["digest"] == other.facts["digest"]
    assert "smith" not in source.description and str(folder) not in source.description


def test_the_images_folder_of_generate_is_found(write_folder):
    inner = write_folder("out/images", SCANS)
    np.testing.assert_array_equal(generated_source(inner.parent, 100, 0).images, SCANS)


def test_a_run_gives_the_images_that_generate_writes(run):
    source = generated_source(run.path, 60, 5)
    model = build_model(run.read().config)
    checkpoints.restore(model, checkpoints.find(run, "latest"))
    expected = quantize(model.generate(tf.range(5, 65, dtype=tf.int64)).numpy())
    assert np.abs(source.images.astype(int) - expected).max() <= 1
    np.testing.assert_array_equal(source.images, run_images(run, "latest", None, 60, 5))
    assert (source.facts["weights"], source.facts["iteration"], source.facts["count"]) == ("average", 0, 60)


def test_raw_and_averaged_weights_differ_once_the_generator_moves(run, tmp_path):
    moved = RunDirectory(tmp_path / "run")
    shutil.copytree(run.path, moved.path, ignore=shutil.ignore_patterns("checkpoints"))
    model = build_model(run.read().config)
    for variable in model.generator.trainable_variables:
        variable.assign(variable * 2.0)
    moved.checkpoints.mkdir()
    checkpoints.save(moved, model)
    raw, average, default = (run_images(moved, "latest", weights, 8) for weights in ("raw", "average", None))
    np.testing.assert_array_equal(average, run_images(run, "latest", "average", 8))
    np.testing.assert_array_equal(default, average)
    assert np.abs(raw.astype(int) - average).mean() > 1


def test_an_average_that_is_not_kept_is_refused(run, tmp_path):
    plain = RunDirectory(tmp_path / "run")
    plain.checkpoints.mkdir(parents=True)
    record = run.read()
    config = record.config.replace(ema_decay=0.0)
    plain.write(type(record)(**{**record.__dict__, "config": config}))
    checkpoints.save(plain, build_model(config))
    assert generated_source(plain.path, 4, 0).facts["weights"] == "raw"
    with pytest.raises(UserError, match="keeps no averaged generator"):
        run_images(plain, "latest", "average", 4)


def test_a_saved_model_and_its_version_give_the_images_of_their_run(run, saved_model):
    source = generated_source(saved_model, 10, 3)
    assert np.abs(source.images.astype(int) - run_images(run, "latest", None, 10, 3)).max() <= 1
    assert source.facts["digest"] == generated_source(run.path, 1, 0).facts["digest"]
    np.testing.assert_array_equal(generated_source(saved_model / "1", 10, 3).images, source.images)


def test_each_kind_is_told_by_its_files(dataset, run, saved_model, write_folder):
    paths = {Kind.DATASET: dataset, Kind.RUN: run.path, Kind.SAVED_MODEL: saved_model}
    paths[Kind.FOLDER] = write_folder("scans", SCANS)
    assert {kind: identify(path) for kind, path in paths.items()} == {kind: kind for kind in paths}


@pytest.mark.parametrize("kind", ["run", "saved_model"])
def test_a_generator_is_no_real_set(request, kind):
    found = request.getfixturevalue(kind)
    with pytest.raises(UserError, match="has no real scans: give a data set or a folder"):
        real_source(found.path if kind == "run" else found, "train")


def test_nothing_and_a_folder_without_images_are_refused(tmp_path):
    with pytest.raises(UserError, match="missing does not exist"):
        identify(tmp_path / "missing")
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(UserError, match="no data set, run, SavedModel or folder of images"):
        identify(tmp_path)


def test_sizes_that_differ_and_a_damaged_file_are_named(write_folder):
    folder = write_folder("mixed", SCANS)
    Image.new("L", (20, 10)).save(folder / "z.png")
    with pytest.raises(UserError, match="differ in size: patient-smith-000.png has 16x16 pixels, z.png 20x10"):
        real_source(folder, "train")
    (folder / "z.png").write_bytes(b"\x89PNG broken")
    with pytest.raises(UserError, match="z.png cannot be used"):
        real_source(folder, "train")


def test_an_empty_split_a_missing_checkpoint_and_a_broken_saved_model_are_named(dataset, run, tmp_path):
    with pytest.raises(UserError, match="'test'"):
        real_source(dataset, "test")
    with pytest.raises(UserError, match="no checkpoint '77'"):
        generated_source(run.path, 4, 0, checkpoint="77")
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"nonsense")
    for content in (b"nonsense", b""):
        (tmp_path / "1" / "saved_model.pb").write_bytes(content)
        with pytest.raises(UserError, match="cannot be loaded as a SavedModel"):
            generated_source(tmp_path, 4, 0)


def test_a_damaged_card_and_a_truncated_checkpoint_are_named(run, saved_model, tmp_path):
    shutil.copytree(saved_model, tmp_path / "model")
    (tmp_path / "model" / "1" / "model_card.json").write_text("{")
    with pytest.raises(UserError, match="model_card.json is damaged"):
        generated_source(tmp_path / "model", 4, 0)
    shutil.copytree(run.path, tmp_path / "run")
    for data in (tmp_path / "run" / "checkpoints").glob("*/state.data*"):
        data.write_bytes(data.read_bytes()[:1000])
    with pytest.raises(UserError, match="is damaged .*no older one is whole"):
        generated_source(tmp_path / "run", 4, 0)
    with pytest.raises(UserError, match="is damaged .*no older one is whole"):
        checkpoints.restore(build_model(run.read().config), checkpoints.find(RunDirectory(tmp_path / "run"), "latest"))


def test_more_images_than_are_looked_at_are_said(dataset, write_folder, monkeypatch):
    monkeypatch.setattr(image_sources, "MOST_IMAGES", 5)
    for source in (real_source(dataset, "train"), real_source(write_folder("scans", SCANS), "train")):
        assert len(source.images) == 5
        assert f"left out {source.facts['left_out']}" in source.description
    assert source.facts["left_out"] == 1


def test_a_generator_of_nan_is_refused(run, tmp_path, monkeypatch):
    broken = RunDirectory(tmp_path / "run")
    shutil.copytree(run.path, broken.path, ignore=shutil.ignore_patterns("checkpoints"))
    broken.checkpoints.mkdir()
    model = build_model(run.read().config)
    for network in (model.generator, model.averaged_generator):
        network.trainable_variables[0].assign(network.trainable_variables[0] * np.nan)
    monkeypatch.setattr(checkpoints, "_check_finite", lambda *_: None)
    checkpoints.save(broken, model)
    with pytest.raises(UserError, match="NaN"):
        generated_source(broken.path, 4, 0)
