import dataclasses
import json
import subprocess
import sys

import pytest

from tfgan_thyroid.data.records import schema
from tfgan_thyroid.errors import UserError


@pytest.fixture
def info():
    return schema.DatasetInfo(
        schema_version=schema.SCHEMA_VERSION,
        counts={"train": 2, "eval": 1, "test": 0},
        image_size=64,
        channels=1,
        masks=False,
        crop="none",
        resize="lanczos",
        seed=3,
        group_rule="file",
        package_version="0.1.0",
        digest="ab" * 32,
    )


def fill(directory, split, names):
    folder = schema.split_directory(directory, split)
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).touch()


def test_dataset_info_survives_a_round_trip(tmp_path, info):
    info.save(tmp_path)
    assert schema.DatasetInfo.load(tmp_path) == info


def test_a_later_writer_may_add_fields(tmp_path, info):
    values = dataclasses.asdict(info) | {"colour": "none"}
    (tmp_path / "dataset.json").write_text(json.dumps(values))
    assert schema.DatasetInfo.load(tmp_path) == info


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no dataset.json"),
        ("{", "not readable JSON"),
        ("[]", "schema version None"),
        ('{"schema_version": 99}', "schema version 99"),
        ('{"schema_version": 1}', "incomplete"),
    ],
)
def test_a_directory_that_is_no_dataset_is_refused_with_the_remedy(tmp_path, content, words):
    if content is not None:
        (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(UserError, match=words) as caught:
        schema.DatasetInfo.load(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "python -m pipeline.preprocess" in str(caught.value)


def test_a_missing_directory_is_named(tmp_path):
    with pytest.raises(UserError, match="missing does not exist, not a data set"):
        schema.DatasetInfo.load(tmp_path / "missing")


def test_shards_come_in_order(tmp_path):
    names = [schema.shard_name(index, 12) for index in range(12)]
    fill(tmp_path, "train", reversed(names))
    assert [path.name for path in schema.shard_paths(tmp_path, "train")] == names
    assert names[3] == "examples-00003-of-00012.tfrecord"


def test_a_missing_shard_is_noticed(tmp_path):
    fill(tmp_path, "train", [schema.shard_name(index, 3) for index in (0, 2)])
    with pytest.raises(UserError, match="lacks a shard"):
        schema.shard_paths(tmp_path, "train")


def test_an_empty_split_says_which_are_filled(tmp_path, info):
    info.save(tmp_path)
    with pytest.raises(UserError, match="no records in split 'test'.*train 2, eval 1"):
        schema.shard_paths(tmp_path, "test")


def test_an_unknown_split_lists_the_known_ones(tmp_path):
    with pytest.raises(UserError, match="'valid'.*train, eval, test"):
        schema.shard_paths(tmp_path, "valid")


def test_the_schema_imports_neither_tensorflow_nor_numpy():
    code = "import sys, tfgan_thyroid.data.records.schema\nassert not {'tensorflow', 'numpy'} & set(sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
