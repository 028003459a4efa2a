"""Which scans the job puts into which split: by table, by lists, and with scans alike together."""

import hashlib
import json
import os

import numpy as np
import pytest
from PIL import Image

from tfgan_thyroid.data.records import schema
from tfgan_thyroid.errors import UserError


def identifier(name):
    return hashlib.sha256(f"source\0{name}".encode()).hexdigest()


def split_of(dataset):
    """The split of each `image/source_id`."""
    import tensorflow as tf

    result = {}
    counts = schema.DatasetInfo.load(dataset).counts
    for split in (split for split in schema.SPLITS if counts[split]):
        for data in tf.data.TFRecordDataset([str(path) for path in schema.shard_paths(dataset, split)]):
            features = tf.train.Example.FromString(data.numpy()).features.feature
            result[features[schema.IMAGE_SOURCE_ID].bytes_list.value[0].decode()] = split
    return result


def statistics(dataset):
    return json.loads((dataset / "statistics.json").read_text())


def rejected(dataset):
    rows = [json.loads(line) for line in (dataset / "rejected.jsonl").read_text().splitlines()]
    return {row["path"]: (row["reason"], row["detail"]) for row in rows}


def names(count):
    return [f"{index:02}.png" for index in range(count)]


def test_a_table_keeps_its_groups_together_and_warns_of_who_is_not_in_it(tmp_path, capsys, write_scans, preprocess):
    folder = write_scans(tmp_path / "scans", names(12))
    (tmp_path / "t.csv").write_text("file,group\n" + "".join(f"{n:02},p{n % 3}\n" for n in range(10)))
    assert (
        preprocess(folder, tmp_path / "set", "--group-file", tmp_path / "t.csv", "--splits", "train=0.6,test=0.4") == 0
    )
    assert "warning: 2 of 12 names have no group" in capsys.readouterr().err
    found = split_of(tmp_path / "set")
    for group in range(3):
        assert len({found[identifier(f"{n:02}.png")] for n in range(group, 10, 3)}) == 1
    info = schema.DatasetInfo.load(tmp_path / "set")
    assert (info.group_rule, sum(info.groups.values())) == ("table", 5)


def test_lists_decide_and_what_they_do_not_name_is_left_out(tmp_path, write_scans, preprocess):
    folder = write_scans(tmp_path / "scans", names(6))
    (tmp_path / "train.txt").write_text("00.png\n01.png\n02\n")
    (tmp_path / "test.txt").write_text("03.png\n04.png\n")
    lists = f"train={tmp_path / 'train.txt'},test={tmp_path / 'test.txt'}"
    assert preprocess(folder, tmp_path / "set", "--split-lists", lists) == 0
    assert split_of(tmp_path / "set") == {
        identifier(f"{index:02}.png"): "train" if index < 3 else "test" for index in range(5)
    }
    assert rejected(tmp_path / "set") == {"05.png": ("in no list", "the split lists do not name it")}
    info = schema.DatasetInfo.load(tmp_path / "set")
    assert (info.listed_splits, info.splits, info.rejected) == (True, {}, 1)
    with pytest.raises(UserError, match="--strict, and 1 were refused: 1 in no list"):
        preprocess(folder, tmp_path / "set", "--split-lists", lists, "--overwrite", "--strict")


def test_lists_that_part_a_patient_or_a_picture_keep_the_test_split(
    tmp_path, capsys, write_scans, patients, preprocess
):
    folder = write_scans(tmp_path / "scans", patients(3, 2))
    Image.open(folder / "patient00_frame0.png").save(folder / "patient09_frame0.bmp")
    (tmp_path / "train.txt").write_text("patient00_frame0\npatient00_frame1\npatient01_frame0\n")
    (tmp_path / "test.txt").write_text("patient09_frame0\npatient01_frame1\npatient02_frame0\npatient02_frame1\n")
    lists = f"train={tmp_path / 'train.txt'},test={tmp_path / 'test.txt'}"
    assert preprocess(folder, tmp_path / "set", "--split-lists", lists) == 0
    assert schema.DatasetInfo.load(tmp_path / "set").counts == {"train": 1, "eval": 0, "test": 4}
    assert rejected(tmp_path / "set") == {
        "patient00_frame0.png": ("in two splits", "listed for train, and the same picture is listed for test"),
        "patient01_frame0.png": ("in two splits", "listed for train, and its group is listed for test"),
    }
    assert "rejected: 2 (2 in two splits)" in capsys.readouterr().out


def test_near_duplicates_share_a_split_and_are_told_by_their_ids(tmp_path, capsys, scan, write_scans, preprocess):
    folder = write_scans(tmp_path / "scans", names(20), first_seed=100)
    for index in (3, 11):
        pixels = np.asarray(Image.open(folder / f"{index:02}.png"))
        Image.fromarray(np.clip(pixels + 4, 0, 255).astype(np.uint8)).save(folder / f"copy{index:02}.png")
    for seed in range(4):
        assert preprocess(folder, tmp_path / "set", "--seed", seed, "--overwrite") == 0
        found = split_of(tmp_path / "set")
        assert len(found) == 22
        for index in (3, 11):
            assert found[identifier(f"{index:02}.png")] == found[identifier(f"copy{index:02}.png")]
    report = json.loads((tmp_path / "set" / "near_duplicates.json").read_text())
    expected = sorted(sorted(map(identifier, (f"{index:02}.png", f"copy{index:02}.png"))) for index in (3, 11))
    assert [one["source_ids"] for one in report["sets"]] == expected
    assert [(one["split"], one["groups"], one["pictures"]) for one in report["sets"]] == [
        (found[ids[0]], 2, 2) for ids in expected
    ]
    assert statistics(tmp_path / "set")["near_duplicates"] == {
        "sets": 2,
        "scans": 4,
        "sets_across_groups": 2,
        "largest_set": 2,
    }
    rows = [json.loads(line) for line in (tmp_path / "set" / "duplicates.jsonl").read_text().splitlines()]
    assert rows == [
        {"paths": sorted([f"{index:02}.png", f"copy{index:02}.png"]), "pictures": 2, "split": found[ids[0]]}
        for index, ids in ((index, [identifier(f"{index:02}.png")]) for index in (3, 11))
    ]
    output = capsys.readouterr()
    assert "near-duplicates: 4 scans in 2 sets" in output.out
    assert "2 sets of scans alike cross groups" in output.err


def test_without_near_duplicates_the_splits_are_those_of_a_job_that_does_not_look_for_them(
    preprocessed, tmp_path, preprocess
):
    folder, dataset = preprocessed
    assert preprocess(folder, tmp_path / "off", "--near-duplicates", "off") == 0
    assert split_of(tmp_path / "off") == split_of(dataset)
    for split in ("train", "eval", "test"):
        shards = [
            [path.read_bytes() for path in schema.shard_paths(place, split)] for place in (tmp_path / "off", dataset)
        ]
        assert shards[0] == shards[1]
    one, other = (schema.DatasetInfo.load(place) for place in (tmp_path / "off", dataset))
    assert (one.near_duplicates, other.near_duplicates, one.digest) == (None, 12, other.digest)


def test_equal_pictures_are_named_to_the_owner_also_where_near_ones_are_not_sought(tmp_path, write_scans, preprocess):
    folder = write_scans(tmp_path / "scans", names(8))
    (folder / "p\u00fc").mkdir()
    (folder / "p\u00fc" / "copy.png").write_bytes((folder / "03.png").read_bytes())
    assert preprocess(folder, tmp_path / "set", "--near-duplicates", "off") == 0
    (row,) = map(json.loads, (tmp_path / "set" / "duplicates.jsonl").read_text().splitlines())
    assert (row["paths"], row["pictures"]) == (["03.png", "p\u00fc/copy.png"], 1)
    assert json.loads((tmp_path / "set" / "near_duplicates.json").read_text())["sets"] == []


def test_requests_that_cannot_be_met_are_said_in_one_line_each(tmp_path, capsys, write_scans, preprocess):
    folder = write_scans(tmp_path / "scans", [f"patient1_{index}.png" for index in range(18)] + ["patient2.png"])
    assert preprocess(folder, tmp_path / "set") == 0
    lines = capsys.readouterr().err.splitlines()
    assert "warning: split test is empty: 2 groups cannot fill 3 splits" in lines
    assert preprocess(folder, tmp_path / "set", "--splits", "train=0.5,test=0.5", "--overwrite") == 0
    lines = capsys.readouterr().err.splitlines()
    assert "warning: split test has 1 scans instead of 10: groups are kept whole, and the largest has 18 scans" in lines


def test_groups_tied_by_scans_alike_are_counted_as_one(tmp_path, capsys, write_scans, patients, preprocess):
    folder = write_scans(tmp_path / "scans", patients(3, 2))
    os.replace(folder / "patient02_frame1.png", folder / "patient02_frame2.png")
    Image.open(folder / "patient00_frame0.png").save(folder / "patient02_frame1.png")
    assert preprocess(folder, tmp_path / "set") == 0
    assert (
        "split test is empty: 2 groups cannot fill 3 splits (3 groups, tied by scans alike)" in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--split-lists", "train"], "is not SPLIT=FILE"),
        (["--near-duplicates", "25"], "from 0 to 24"),
        (["--near-duplicates", "-1"], "from 0 to 24"),
        (["--near-duplicates", "some"], "or off"),
        (["--group-file", "t.csv", "--group-pattern", "x"], "not allowed with argument"),
        (["--crop", "auto:round"], "auto, dicom-region"),
    ],
)
def test_wrong_flags_say_what_is_wrong(preprocessed, tmp_path, capsys, preprocess, flags, words):
    with pytest.raises(SystemExit) as stop:
        preprocess(preprocessed[0], tmp_path / "set", *flags)
    assert stop.value.code == 2
    assert words in capsys.readouterr().err.splitlines()[-1]


def test_a_dry_run_plans_by_lists_and_by_table(tmp_path, capsys, write_scans, preprocess):
    folder = write_scans(tmp_path / "scans", names(6))
    (tmp_path / "train.txt").write_text("00.png\n01.png\n02\n")
    (tmp_path / "test.txt").write_text("03.png\n04.png\n")
    (tmp_path / "t.csv").write_text("file,group\n00,a\n03,a\n")
    lists = f"train={tmp_path / 'train.txt'},test={tmp_path / 'test.txt'}"
    flags = ["--split-lists", lists, "--group-file", tmp_path / "t.csv", "--dry-run", "--json"]
    assert preprocess(folder, tmp_path / "set", *flags) == 0
    assert json.loads(capsys.readouterr().out)["counts"] == {"train": 2, "eval": 0, "test": 2}
