import numpy as np
import pytest

from tfgan_thyroid.data.records.input_pipeline import load_images, training_batches
from tfgan_thyroid.data.records.used_scans import UsedScan, read_scan_ids, read_used_scans, used_scans, write_used_scans
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.segmentation.examples import load_examples


def test_the_scans_of_a_split_come_with_their_groups_and_digests(labelled_dataset):
    scans = used_scans(labelled_dataset, "test")
    assert [scan.source_id for scan in scans] == [f"test{i:04d}" for i in range(8)]
    assert [scan.group_id for scan in scans] == [f"test-group{i // 2}" for i in range(8)]
    assert len({scan.sha256 for scan in scans}) == 8


def test_chosen_scans_come_in_stored_order(labelled_dataset):
    scans = used_scans(labelled_dataset, "train", ["train0007", "train0002"])
    assert [scan.source_id for scan in scans] == ["train0002", "train0007"]


def test_a_scan_of_another_split_is_no_scan_of_this_one(labelled_dataset):
    with pytest.raises(UserError, match="'train'.*'test0001'.*of that split"):
        used_scans(labelled_dataset, "train", ["train0007", "test0001"])


@pytest.mark.parametrize("ids", [[], ["train0001", "train0001"]])
def test_no_scan_and_a_scan_named_twice_are_refused(labelled_dataset, ids):
    with pytest.raises(UserError, match="give each of them once"):
        used_scans(labelled_dataset, "train", ids)


def test_records_without_ids_are_scans_without_names(dataset):
    assert set(used_scans(dataset, "train")) == {UsedScan("", "", "")}


def test_a_training_stream_brings_the_chosen_scans_and_no_others(labelled_dataset):
    chosen = ["train0003", "train0008", "train0017"]
    stream = training_batches(labelled_dataset, "train", 3, 1, seed=0, masks=True, scan_ids=chosen)
    epochs = [element[0] for element in stream.take(4).as_numpy_iterator()]
    expected = load_examples(labelled_dataset, "train").with_ids(chosen)
    wanted = {image.tobytes() for image in expected.images}
    for epoch in epochs:  # each holds every chosen scan once
        images = np.rint((epoch[..., :1] + 1.0) * 127.5).astype(np.uint8)
        assert {image.tobytes() for image in images} == wanted
    shown = load_images(labelled_dataset, "train", 2, scan_ids=chosen)
    np.testing.assert_array_equal(shown, expected.images[:2])


@pytest.mark.parametrize("start", [1, 5])
def test_a_stream_of_chosen_scans_goes_on_where_it_was(labelled_dataset, start):
    chosen = [f"train{i:04d}" for i in (1, 4, 9, 10, 16)]
    settings = {"split": "train", "batch_size": 2, "batches": 2, "seed": 3, "scan_ids": chosen}
    whole = np.stack(list(training_batches(labelled_dataset, **settings).take(start + 2).as_numpy_iterator()))
    later = training_batches(labelled_dataset, **settings, start_iteration=start).take(2).as_numpy_iterator()
    np.testing.assert_array_equal(np.stack(list(later)), whole[start:])


def test_scans_are_read_as_written(tmp_path):
    scans = [UsedScan("a", "g", "1"), UsedScan("b", "g", "2")]
    write_used_scans(tmp_path / "scans.json", scans)
    assert read_used_scans(tmp_path / "scans.json") == scans
    with pytest.raises(UserError, match="does not say which scans"):
        read_used_scans(tmp_path / "missing.json")


def test_ids_stand_one_on_a_line(tmp_path):
    (tmp_path / "ids.txt").write_text("a\nb\n")
    assert read_scan_ids(tmp_path / "ids.txt") == ["a", "b"]
    (tmp_path / "none.txt").write_text("\n")
    with pytest.raises(UserError, match="names no scan"):
        read_scan_ids(tmp_path / "none.txt")
