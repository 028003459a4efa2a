import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from pipeline.preprocess import main
from tfgan_thyroid.data.records import schema
from tfgan_thyroid.errors import UserError


def test_broken_files_among_good_ones_are_named_with_a_reason(
    tmp_path, capsys, write_scans, preprocess, write_broken_scans
):
    folder = write_scans(tmp_path / "scans", [f"{index}.png" for index in range(10)])
    reasons = write_broken_scans(folder)
    assert preprocess(folder, tmp_path / "set") == 0
    rows = [json.loads(line) for line in (tmp_path / "set" / "rejected.jsonl").read_text().splitlines()]
    assert {row["path"]: row["reason"] for row in rows} == reasons
    assert [row["path"] for row in rows] == sorted(reasons)
    output = capsys.readouterr().out
    assert "train: 8 scans" in output
    assert "rejected: 5 (1 " in output
    assert schema.DatasetInfo.load(tmp_path / "set").rejected == 5


@pytest.mark.parametrize("flags", [(), ("--strict",)])
def test_strict_or_nothing_accepted_writes_nothing(tmp_path, flags, write_scans, preprocess, write_broken_scans):
    folder = write_scans(tmp_path / "scans", ["0.png"]) if flags else tmp_path / "scans"
    write_broken_scans(folder)
    with pytest.raises(UserError, match="1 empty.*'cut.png' truncated") as caught:
        preprocess(folder, tmp_path / "set", *flags)
    assert ("--strict, and 5 were refused" if flags else "none of the 5 files was accepted") in str(caught.value)
    assert sorted(os.listdir(tmp_path)) == ["scans"]


def test_masks_that_do_not_fit_are_reasons_too(tmp_path, write_scans, preprocess):
    folder = write_scans(tmp_path / "scans", ["good.png", "missing.png", "small.png", "labels.png", "empty.png"])
    masks = write_scans(tmp_path / "masks", [])
    Image.fromarray(np.full((40, 56), 255, np.uint8)).save(masks / "good.png")
    Image.fromarray(np.zeros((20, 28), np.uint8)).save(masks / "small.png")
    Image.fromarray(np.full((40, 56), 3, np.uint8)).save(masks / "labels.png")
    (masks / "empty.png").touch()
    assert preprocess(folder, tmp_path / "set", "--masks", masks) == 0
    rows = [json.loads(line) for line in (tmp_path / "set" / "rejected.jsonl").read_text().splitlines()]
    assert {row["path"]: row["reason"] for row in rows} == {
        "missing.png": "mask missing",
        "small.png": "mask of another size",
        "labels.png": "mask not binary",
        "empty.png": "mask empty",
    }


def test_an_empty_split_is_said_in_words_and_train_is_not_the_one(tmp_path, capsys, write_scans, patients, preprocess):
    folder = write_scans(tmp_path / "scans", patients(2, 3))
    assert preprocess(folder, tmp_path / "set") == 0
    assert "split test is empty: 2 groups cannot fill 3 splits" in capsys.readouterr().err
    assert schema.DatasetInfo.load(tmp_path / "set").counts == {"train": 3, "eval": 3, "test": 0}


def test_an_old_dataset_stays_unless_overwrite_is_given_and_the_new_is_whole(
    preprocessed, tmp_path, preprocess, tree, write_broken_scans
):
    folder, _ = preprocessed
    assert preprocess(folder, tmp_path / "set") == 0
    before = tree(tmp_path / "set")
    with pytest.raises(UserError, match="give --overwrite"):
        preprocess(folder, tmp_path / "set", "--seed", 1)
    write_broken_scans(tmp_path / "broken")
    with pytest.raises(UserError, match="none of the 5"):
        preprocess(tmp_path / "broken", tmp_path / "set", "--overwrite")
    assert tree(tmp_path / "set") == before
    assert preprocess(folder, tmp_path / "set", "--seed", 1, "--overwrite") == 0
    assert schema.DatasetInfo.load(tmp_path / "set").seed == 1
    assert sorted(os.listdir(tmp_path)) == ["broken", "set"]


def test_a_dry_run_plans_estimates_and_writes_nothing(preprocessed, tmp_path, capsys, preprocess):
    assert preprocess(preprocessed[0], tmp_path / "set", "--dry-run", "--json") == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["files"], plan["counts"]) == (24, {"train": 18, "eval": 3, "test": 3})
    assert plan["estimated_seconds"] > 0
    assert os.listdir(tmp_path) == []


def test_input_and_output_must_lie_apart(preprocessed, tmp_path, write_scans, preprocess):
    folder = write_scans(tmp_path / "scans", ["a.png"])
    with pytest.raises(UserError, match="among the scans"):
        preprocess(folder, folder / "set")
    with pytest.raises(UserError, match="among the scans"):
        preprocess(f"{tmp_path}/**/*.png", tmp_path / "set")
    with pytest.raises(UserError, match="lies in the output"):
        preprocess(folder / "a.png", folder, "--overwrite")


def test_nearly_black_scans_are_noticed(tmp_path, capsys, scan, preprocess):
    (tmp_path / "scans").mkdir()
    for index in range(3):
        Image.fromarray(scan(index).astype(np.uint16) * 16).save(tmp_path / "scans" / f"{index}.png")  # 12 of 16 bits
    assert preprocess(tmp_path / "scans", tmp_path / "set") == 0
    assert "--white-level 4095" in capsys.readouterr().err
    assert preprocess(tmp_path / "scans", tmp_path / "set", "--white-level", 4095, "--overwrite") == 0
    assert "--white-level 4095" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--image-size", "100"], "is not 4 * 2^n"),
        (["--image-size", "big"], "invalid"),
        (["--splits", "train=0.8,eval=0.1"], "sum to 0.9"),
        (["--splits", "train=0.8,valid=0.2"], "'valid' is not one of"),
        (["--splits", "train=1.2,eval=-0.2"], "from 0 to 1"),
        (["--crop", "left"], "right-square, center-square, none"),
        (["--group-pattern", "("], "is not a regular expression"),
        (["--seed", "-1"], "seed"),
        (["--shards", "0"], "at least 1"),
        (["--images-size", "64"], "--images-size is neither a flag of this command nor one of Beam's"),
        (["--image", "64"], "neither"),
        (["stray"], "'stray' belongs to no flag"),
    ],
)
def test_wrong_flags_end_with_code_2_and_a_reason(preprocessed, tmp_path, capsys, flags, words):
    with pytest.raises(SystemExit) as stop:
        main(["--input", str(preprocessed[0]), "--output", str(tmp_path / "set"), *flags])
    assert stop.value.code == 2
    assert words in capsys.readouterr().err.splitlines()[-1]
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--input", "missing"], "missing is not there"),
        (["--input", "empty"], "no files in empty"),
        (["--masks", "missing"], "mask folder missing is not there"),
        (["--group-pattern", "subject"], "matches none of the 3 file names"),
        (["--output", "file/set"], "cannot write to"),
        (["--output", "/proc/nowhere/set"], "cannot write to"),
        (["--salt-file", "missing"], "No such file or directory: missing"),
        (["--runner=NoSuchRunner"], "Beam cannot start the runner"),
    ],
)
def test_mistakes_are_told_in_one_line(tmp_path, flags, words, write_scans):
    write_scans(tmp_path / "scans", ["a.png", "b.png", "c.png"])
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    command = [sys.executable, "-m", "pipeline.preprocess", "--input", "scans", "--output", "set", "--image-size", "16"]
    result = subprocess.run([*command, *flags], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert words in result.stderr.splitlines()[-1]
    assert result.stderr.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in result.stderr
    assert sorted(os.listdir(tmp_path)) == ["empty", "file", "scans"]


def test_a_full_disk_is_told_in_one_line_and_nothing_is_left(preprocessed, tmp_path):
    code = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"  # no file may grow beyond 2 kB
        "from pipeline.preprocess import main\n"
        "from tfgan_thyroid import command\n"
        "command.run(main)\n"
    )
    command = [
        sys.executable,
        "-B",
        "-c",
        code,
        "--input",
        preprocessed[0],
        "--output",
        tmp_path / "set",
        "--image-size",
        "16",
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert last.startswith("error: File too large: ") and str(tmp_path) in last
    assert os.listdir(tmp_path) == []
