"""Image and mask together: two channels through the same four networks."""

import numpy as np
import pytest

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.run_directory import RunDirectory, read_lines
from tfgan_thyroid.training.fit import fit
from tfgan_thyroid.training.settings import new_record

SMALL = {"width": 4, "latent_size": 8, "batch_size": 4, "iterations": 2, "metric_samples": 4, "metric_draws": 2}


def test_a_paired_run_trains_on_image_and_mask_and_judges_the_image_alone(tmp_path, make_dataset):
    data = make_dataset(tmp_path / "labelled", masks=True)
    record = new_record(data, "train", "cpu", {**SMALL, "paired": True})
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
        new_record(dataset, "train", "cpu", {"paired": True})


def test_one_channel_is_one_whatever_the_preset_says(tmp_path, make_dataset):
    data = make_dataset(tmp_path / "labelled", masks=True)
    assert new_record(data, "train", "cpu", {}).config.channels == 1
