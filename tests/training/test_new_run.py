import dataclasses

import pytest

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.training.new_run import new_record, parse_assignment, resumed_record


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ema_decay=0.5", ("ema_decay", 0.5)),
        ("image_every=7", ("image_every", 7)),
        ("shared_batch=true", ("shared_batch", True)),
        ("penalty_pairs=generated", ("penalty_pairs", "generated")),
    ],
)
def test_an_assignment_takes_the_type_of_its_field(text, expected):
    assert parse_assignment(text) == expected


@pytest.mark.parametrize("text", ["ema_decay", "no_such_field=1", "image_every=often", "shared_batch=maybe"])
def test_a_bad_assignment_is_named(text):
    with pytest.raises(UserError, match=text.split("=")[0]):
        parse_assignment(text)


def test_the_data_set_fixes_the_image_size_whatever_the_preset_says(dataset):
    record = new_record(dataset, "train", "paper", {"width": 4})
    assert (record.config.image_size, record.config.width, record.config.batch_size) == (16, 4, 32)
    with pytest.raises(UserError, match="image_size is 16"):
        new_record(dataset, "train", "paper", {"image_size": 32})


def test_an_empty_split_and_a_missing_data_set_are_named(dataset, tmp_path):
    with pytest.raises(UserError, match="'eval'"):
        new_record(dataset, "eval", "paper", {})
    with pytest.raises(UserError, match="pipeline.preprocess"):
        new_record(tmp_path / "missing", "train", "paper", {})


@pytest.fixture
def record(dataset):
    return new_record(dataset, "train", "cpu", {"batch_size": 4})


def test_a_resumed_run_may_grow_and_log_otherwise(record):
    resumed = resumed_record(record, None, None, None, {"iterations": 5000, "log_every": 10, "batch_size": 4})
    assert resumed.config == record.config.replace(iterations=5000, log_every=10)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"overrides": {"batch_size": 8}}, "batch_size"),
        ({"overrides": {"precision": "mixed_bfloat16"}}, "precision"),
        ({"overrides": {"seed": 1}}, "seed"),
        ({"preset_name": "paper"}, "preset"),
        ({"split": "eval"}, "split"),
    ],
)
def test_a_flag_that_changes_the_computation_is_refused_on_resume(record, changes, match):
    with pytest.raises(UserError, match=f"keeps its {match}"):
        resumed_record(record, **{"data": None, "split": None, "preset_name": None, "overrides": {}, **changes})


def test_another_stack_is_refused_by_name(record):
    other = dataclasses.replace(record, stack={"tensorflow": "2.99.0", "keras": "9.9.0"})
    with pytest.raises(UserError, match="tensorflow 2.99.0 and keras 9.9.0"):
        resumed_record(other, None, None, None, {})


def test_a_moved_data_set_is_taken_and_another_one_refused(record, tmp_path, make_dataset):
    other = make_dataset(tmp_path / "other", seed=5)
    with pytest.raises(UserError, match="content digest differs"):
        resumed_record(record, other, None, None, {})
    same = make_dataset(tmp_path / "same")
    assert resumed_record(record, same, None, None, {}).data == str(same.resolve())


def test_chosen_scans_must_be_of_the_split_and_stay_chosen_on_resume(labelled_dataset):
    record = new_record(labelled_dataset, "train", "cpu", {}, ["train0003", "train0001"])
    assert record.scan_ids == ["train0003", "train0001"]
    assert resumed_record(record, None, None, None, {"iterations": 9}).scan_ids == record.scan_ids
    with pytest.raises(UserError, match="split 'train'.*'test0001'"):
        new_record(labelled_dataset, "train", "cpu", {}, ["test0001"])
