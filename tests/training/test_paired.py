"""Image and mask together: two channels through the same four networks."""

import hashlib
import json

import numpy as np
import pytest
from PIL import Image

from tfgan_thyroid import generate
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.runs.run_directory import RunDirectory, read_lines
from tfgan_thyroid.training.fit import fit
from tfgan_thyroid.training.new_run import new_record

SMALL = {"width": 4, "latent_size": 8, "batch_size": 4, "iterations": 2, "metric_samples": 4, "metric_draws": 2}


def test_a_paired_run_trains_on_image_and_mask_and_judges_the_image_alone(tmp_path, make_dataset):
    data = make_dataset(tmp_path / "labelled", masks=True)
    record = new_record(data, "train", "paper-small", {**SMALL, "paired": True})
    assert record.config.channels == 2
    run = RunDirectory.create(tmp_path / "runs", record)
    model = fit(run)
    assert model.generate(np.arange(3)).shape == (3, 16, 16, 2)
    metrics = read_lines(run.metrics_file)[-1]
    assert metrics["mmd"]["n"] == 4
    assert (run.path / "fakes000002.png").is_file()
    assert (run.path / "reconstructions000002.png").is_file()


def test_pairs_need_masks(dataset):
    with pytest.raises(UserError, match="has no masks.*--masks"):
        new_record(dataset, "train", "paper-small", {"paired": True})


def test_one_channel_is_one_whatever_the_preset_says(tmp_path, make_dataset):
    data = make_dataset(tmp_path / "labelled", masks=True)
    assert new_record(data, "train", "paper-small", {}).config.channels == 1


def test_pairs_are_written_as_images_and_masks_of_the_same_name(tmp_path, make_dataset):
    data = make_dataset(tmp_path / "labelled", masks=True)
    run = RunDirectory.create(tmp_path / "runs", new_record(data, "train", "paper-small", {**SMALL, "paired": True}))
    model = fit(run)
    assert generate.main(["--run", str(run.path), "--output", str(tmp_path / "pairs"), "--count", "3"]) == 0
    names = [sorted(path.name for path in (tmp_path / "pairs" / folder).iterdir()) for folder in ("images", "masks")]
    assert names[0] == names[1] == [f"synthetic_{seed:010d}.png" for seed in range(3)]
    made = model.generate(np.arange(3)).numpy()
    for pair, name in zip(made, names[0], strict=True):
        image, mask = (np.asarray(Image.open(tmp_path / "pairs" / folder / name)) for folder in ("images", "masks"))
        np.testing.assert_allclose(image, (pair[..., 0] + 1.0) * 127.5, atol=1.0)
        np.testing.assert_array_equal(mask, np.where(pair[..., 1] > 0.0, 255, 0))
    manifest = json.loads((tmp_path / "pairs" / "manifest.json").read_text())
    for entry in manifest["images"]:
        for name, digest in ((entry["file"], entry["sha256"]), (entry["mask"], entry["mask_sha256"])):
            assert hashlib.sha256((tmp_path / "pairs" / name).read_bytes()).hexdigest() == digest
