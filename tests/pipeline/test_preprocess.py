import hashlib
import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from pipeline.preprocess import main
from tfgan_thyroid.data import preprocessing, schema
from tfgan_thyroid.errors import UserError

SIZE = 16
REJECTIONS = {
    "empty.png": "empty",
    "notes.txt": "not an image",
    "cut.png": "truncated",
    "tiny.png": "too small",
    "dangling.png": "unreadable",
}


def scan(seed, height=40, width=56):
    rng = np.random.default_rng(seed)
    return np.clip(rng.normal(90, 30, (height, width)), 0, 255).astype(np.uint8)


def write_scans(folder, names, first_seed=0):
    folder.mkdir(parents=True, exist_ok=True)
    for index, name in enumerate(names):
        Image.fromarray(scan(first_seed + index)).save(folder / name)
    return folder


def patients(count, frames):
    return [f"patient{p:02}_frame{f}.png" for p in range(count) for f in range(frames)]


def preprocess(folder, output, *flags):
    return main(["--input", str(folder), "--output", str(output), "--image-size", str(SIZE), *map(str, flags)])


def records(dataset, split):
    """Every record of a split as a dictionary of plain values, images and masks decoded."""
    import tensorflow as tf

    result = []
    for data in tf.data.TFRecordDataset([str(path) for path in schema.shard_paths(dataset, split)]):
        features = tf.train.Example.FromString(data.numpy()).features.feature
        values = {name: [*f.bytes_list.value, *f.int64_list.value][0] for name, f in features.items()}
        for key in {schema.IMAGE_ENCODED, schema.MASK_ENCODED} & values.keys():
            with Image.open(io.BytesIO(values[key])) as image:
                assert (image.format, image.mode, image.info) == ("PNG", "L", {})
                values[key] = np.asarray(image)
        result.append(values)
    return result


def all_records(dataset):
    counts = schema.DatasetInfo.load(dataset).counts
    return {split: records(dataset, split) for split in schema.SPLITS if counts[split]}


def tree(dataset):
    """Every file below a dataset directory and its bytes."""
    return {str(path.relative_to(dataset)): path.read_bytes() for path in sorted(dataset.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Eight patients of three frames, and the data set made of them."""
    root = tmp_path_factory.mktemp("preprocess")
    folder = write_scans(root / "scans", patients(8, 3))
    assert preprocess(folder, root / "dataset") == 0
    return folder, root / "dataset"


def test_the_job_stores_what_the_same_steps_give_in_memory(written):
    folder, dataset = written
    expected = {}
    for path in folder.iterdir():
        raw = np.asarray(Image.open(path))
        image = preprocessing.resize(raw[:, 16:], SIZE)  # 40 x 56: the right-aligned square starts at column 16
        expected[hashlib.sha256(f"source\0{path.name}".encode()).hexdigest()] = image
    found = {r[schema.IMAGE_SOURCE_ID].decode(): r for split in all_records(dataset).values() for r in split}
    assert found.keys() == expected.keys()
    for source, record in found.items():
        np.testing.assert_array_equal(record[schema.IMAGE_ENCODED], expected[source])
        assert (record[schema.IMAGE_HEIGHT], record[schema.IMAGE_WIDTH]) == (SIZE, SIZE)
        pixels = b"%d %d\n" % (SIZE, SIZE) + expected[source].tobytes()
        assert record[schema.IMAGE_SHA256].decode() == hashlib.sha256(pixels).hexdigest()


def test_the_papers_crop_on_a_ramp_goes_through_the_whole_job(tmp_path):
    ramp = np.full((875, 1167), 255.0)
    ramp[:, 292:] = np.linspace(0, 255, 875)
    (tmp_path / "scans").mkdir()
    Image.fromarray(np.rint(ramp).astype(np.uint8)).save(tmp_path / "scans" / "ramp.png")
    assert main(["--input", str(tmp_path / "scans"), "--output", str(tmp_path / "set"), "--splits", "train=1"]) == 0
    (record,) = records(tmp_path / "set", "train")
    image = record[schema.IMAGE_ENCODED]
    assert image.shape == (256, 256)
    expected = ((np.arange(256) + 0.5) * 875 / 256 - 0.5) * 255 / 874
    np.testing.assert_allclose(image[:, 4:-4], np.broadcast_to(expected[4:-4], (256, 248)), atol=1.0)
    assert image[:, 0].max() <= 2


def test_dataset_json_tells_what_was_asked_for_and_what_was_written(written):
    _, dataset = written
    info = schema.DatasetInfo.load(dataset)
    assert info.counts == {"train": 18, "eval": 3, "test": 3}
    assert info.groups == {"train": 6, "eval": 1, "test": 1}
    assert (info.image_size, info.channels, info.masks, info.crop, info.resize) == (
        SIZE,
        1,
        False,
        "right-square",
        "lanczos",
    )
    assert (info.seed, info.group_rule, info.rejected, info.keyed_ids) == (0, r"pattern:patient\d+", 0, False)
    assert info.splits == {"train": 0.8, "eval": 0.1, "test": 0.1}
    digest = hashlib.sha256()
    for split, members in all_records(dataset).items():
        of_records = [hashlib.sha256(bytes.fromhex(r[schema.IMAGE_SHA256].decode())).hexdigest() for r in members]
        digest.update("\n".join([split, *sorted(of_records), ""]).encode())
    assert info.digest == digest.hexdigest()


def test_patients_stay_together(written):
    _, dataset = written
    groups = {split: {r[schema.IMAGE_GROUP_ID] for r in members} for split, members in all_records(dataset).items()}
    assert [len(ids) for ids in groups.values()] == [6, 1, 1]
    assert len(set.union(*groups.values())) == 8


def test_the_schema_is_a_tensorflow_metadata_schema_of_the_records(written):
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    _, dataset = written
    proto = text_format.Parse((dataset / "schema.pbtxt").read_text(), schema_pb2.Schema())
    kinds = {bytes: schema_pb2.BYTES, np.ndarray: schema_pb2.BYTES, int: schema_pb2.INT}
    record = records(dataset, "train")[0]
    assert {feature.name: feature.type for feature in proto.feature} == {k: kinds[type(v)] for k, v in record.items()}


def test_the_statistics_are_those_of_the_stored_pixels(written):
    _, dataset = written
    statistics = json.loads((dataset / "statistics.json").read_text())
    for split, members in all_records(dataset).items():
        pixels = np.stack([r[schema.IMAGE_ENCODED] for r in members])
        summary = statistics["splits"][split]
        assert (summary["count"], summary["duplicates"], summary["raw_sizes"]) == (
            len(members),
            0,
            {"40x56": len(members)},
        )
        levels = summary["grey_levels"]
        assert levels["mean"] == pytest.approx(pixels.mean(), rel=1e-12)
        assert levels["std"] == pytest.approx(pixels.std(), rel=1e-12)
        assert (levels["min"], levels["max"]) == (pixels.min(), pixels.max())
        assert levels["histogram"] == np.bincount(pixels.ravel(), minlength=256).tolist()
        for percent, level in levels["percentiles"].items():
            assert level == np.percentile(pixels, int(percent), method="inverted_cdf")


def test_masks_go_with_their_scans(tmp_path):
    folder = write_scans(tmp_path / "scans", [f"{index}.png" for index in range(10)])
    (tmp_path / "masks").mkdir()
    for index in range(10):
        mask = np.zeros((40, 56), np.uint8)
        mask[:20, 16 : 16 + 4 * index] = 1
        Image.fromarray(mask).save(tmp_path / "masks" / f"{index}.tif")
    assert preprocess(folder, tmp_path / "set", "--masks", tmp_path / "masks") == 0
    source = {hashlib.sha256(f"source\0{index}.png".encode()).hexdigest(): index for index in range(10)}
    for split in all_records(tmp_path / "set").values():
        for record in split:
            index = source[record[schema.IMAGE_SOURCE_ID].decode()]
            columns = np.floor(np.arange(SIZE + 1) * 2.5)  # raw columns of each stored one, 40 / 16 of them
            covered = np.clip(4 * index - np.arange(SIZE) * 2.5, 0, 2.5) >= 1.25
            assert columns[-1] == 40
            expected = np.zeros((SIZE, SIZE), np.uint8)
            expected[: SIZE // 2, covered] = 255
            np.testing.assert_array_equal(record[schema.MASK_ENCODED], expected)
    statistics = json.loads((tmp_path / "set" / "statistics.json").read_text())["splits"]
    assert sum(split["mask_area"]["empty"] for split in statistics.values()) == 1


def test_duplicates_share_a_split_and_are_counted(tmp_path, capsys):
    folder = write_scans(tmp_path / "scans", patients(10, 2))
    twin = Image.open(folder / "patient03_frame1.png")
    twin.save(folder / "patient07_frame1.bmp")  # another file, another patient, the same pixels
    os.remove(folder / "patient07_frame1.png")
    for seed in range(3):
        assert preprocess(folder, tmp_path / "set", "--seed", seed, "--overwrite", "--json") == 0
        result = json.loads(capsys.readouterr().out)
        assert (result["duplicates"], sum(result["counts"].values())) == (1, 20)
        digests = [{r[schema.IMAGE_SHA256] for r in split} for split in all_records(tmp_path / "set").values()]
        assert sum(map(len, digests)) == len(set.union(*digests)) == 19
    assert json.loads((tmp_path / "set" / "statistics.json").read_text())["groups_tied_by_duplicates"] == 2


def broken_scans(folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "empty.png").touch()
    (folder / "notes.txt").write_text("left knee")
    whole = io.BytesIO()
    Image.fromarray(scan(0)).save(whole, "PNG")
    (folder / "cut.png").write_bytes(whole.getvalue()[:500])
    Image.fromarray(scan(0, 12, 12)).save(folder / "tiny.png")
    (folder / "dangling.png").symlink_to(folder / "missing")


def test_broken_files_among_good_ones_are_named_with_a_reason(tmp_path, capsys):
    folder = write_scans(tmp_path / "scans", [f"{index}.png" for index in range(10)])
    broken_scans(folder)
    assert preprocess(folder, tmp_path / "set") == 0
    rows = [json.loads(line) for line in (tmp_path / "set" / "rejected.jsonl").read_text().splitlines()]
    assert {row["path"]: row["reason"] for row in rows} == REJECTIONS
    assert [row["path"] for row in rows] == sorted(REJECTIONS)
    output = capsys.readouterr().out
    assert "train: 8 scans" in output
    assert "rejected: 5 (1 " in output
    assert schema.DatasetInfo.load(tmp_path / "set").rejected == 5


@pytest.mark.parametrize("flags", [(), ("--strict",)])
def test_strict_or_nothing_accepted_writes_nothing(tmp_path, flags):
    folder = write_scans(tmp_path / "scans", ["0.png"]) if flags else tmp_path / "scans"
    broken_scans(folder)
    with pytest.raises(UserError, match="1 empty.*'cut.png' truncated") as caught:
        preprocess(folder, tmp_path / "set", *flags)
    assert ("--strict, and 5 were refused" if flags else "none of the 5 files was accepted") in str(caught.value)
    assert sorted(os.listdir(tmp_path)) == ["scans"]


def test_masks_that_do_not_fit_are_reasons_too(tmp_path):
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


def test_odd_names_survive_and_only_rejected_jsonl_names_files(tmp_path, capsys):
    odd = [b"\xff\xfe scan.png", b"line\nbreak.png", "größe.png".encode(), b"plainname.png"]
    (tmp_path / "scans").mkdir()
    for index, name in enumerate(odd):
        Image.fromarray(scan(index)).save(os.path.join(os.fsencode(tmp_path / "scans"), name))
    with open(os.path.join(os.fsencode(tmp_path / "scans"), b"\xfebroken.png"), "wb"):
        pass
    assert preprocess(tmp_path / "scans", tmp_path / "set") == 0
    (row,) = (tmp_path / "set" / "rejected.jsonl").read_text().splitlines()
    assert os.fsencode(json.loads(row)["path"]) == b"\xfebroken.png"
    assert sum(schema.DatasetInfo.load(tmp_path / "set").counts.values()) == 4
    for path, content in tree(tmp_path / "set").items():
        for name in (*odd, b"\xfebroken.png", b"plainname"):
            assert name not in content, path
    assert "broken" not in capsys.readouterr().out


def test_the_salt_changes_the_identifiers_and_nothing_else(written, tmp_path):
    folder, plain = written
    (tmp_path / "salt").write_bytes(b"pepper")
    assert preprocess(folder, tmp_path / "set", "--salt-file", tmp_path / "salt") == 0
    one, other = schema.DatasetInfo.load(plain), schema.DatasetInfo.load(tmp_path / "set")
    assert (one.digest, one.counts, other.keyed_ids) == (other.digest, other.counts, True)
    salted = all_records(tmp_path / "set")
    for split, members in all_records(plain).items():
        for before, after in zip(members, salted[split], strict=True):
            np.testing.assert_array_equal(before[schema.IMAGE_ENCODED], after[schema.IMAGE_ENCODED])
            assert before[schema.IMAGE_SOURCE_ID] != after[schema.IMAGE_SOURCE_ID]
            assert before[schema.IMAGE_GROUP_ID] != after[schema.IMAGE_GROUP_ID]
    (tmp_path / "salt").write_bytes(b"")
    with pytest.raises(UserError, match="is empty"):
        preprocess(folder, tmp_path / "other", "--salt-file", tmp_path / "salt")


def test_the_bytes_depend_neither_on_the_place_nor_the_order_nor_the_runner(written, tmp_path):
    folder, dataset = written
    for name in reversed(sorted(os.listdir(folder))):
        (tmp_path / "copy").mkdir(exist_ok=True)
        (tmp_path / "copy" / name).write_bytes((folder / name).read_bytes())
    assert preprocess(tmp_path / "copy", tmp_path / "set", "--runner=FnApiRunner") == 0
    assert tree(tmp_path / "set") == tree(dataset)


@pytest.mark.slow
def test_worker_processes_write_the_same_bytes(written, tmp_path):
    folder, dataset = written
    flags = ["--runner=DirectRunner", "--direct_running_mode=multi_processing", "--direct_num_workers=2"]
    command = [sys.executable, "-m", "pipeline.preprocess", "--input", folder, "--output", tmp_path / "set"]
    subprocess.run([*command, "--image-size", str(SIZE), *flags], check=True, capture_output=True)
    assert tree(tmp_path / "set") == tree(dataset)


def test_the_default_runner_leaves_prism_alone(written, tmp_path, monkeypatch):
    from apache_beam.runners.portability.prism_runner import PrismRunner

    started = []
    monkeypatch.setattr(PrismRunner, "run_pipeline", lambda *_: started.append("prism"))
    assert preprocess(written[0], tmp_path / "set") == 0
    assert started == []


def test_shards_are_numbered_and_no_more_than_there_are_scans(written, tmp_path):
    assert preprocess(written[0], tmp_path / "set", "--shards", 5) == 0
    names = {split: [p.name for p in schema.shard_paths(tmp_path / "set", split)] for split in schema.SPLITS}
    assert names["train"] == [f"examples-{index:05}-of-00005.tfrecord" for index in range(5)]
    assert names["eval"] == [f"examples-{index:05}-of-00003.tfrecord" for index in range(3)]


def test_an_empty_split_is_said_in_words_and_train_is_not_the_one(tmp_path, capsys):
    folder = write_scans(tmp_path / "scans", patients(2, 3))
    assert preprocess(folder, tmp_path / "set") == 0
    assert "split test is empty: 2 groups cannot fill 3 splits" in capsys.readouterr().err
    assert schema.DatasetInfo.load(tmp_path / "set").counts == {"train": 3, "eval": 3, "test": 0}


def test_an_old_dataset_stays_unless_overwrite_is_given_and_the_new_is_whole(written, tmp_path):
    folder, _ = written
    assert preprocess(folder, tmp_path / "set") == 0
    before = tree(tmp_path / "set")
    with pytest.raises(UserError, match="give --overwrite"):
        preprocess(folder, tmp_path / "set", "--seed", 1)
    broken_scans(tmp_path / "broken")
    with pytest.raises(UserError, match="none of the 5"):
        preprocess(tmp_path / "broken", tmp_path / "set", "--overwrite")
    assert tree(tmp_path / "set") == before
    assert preprocess(folder, tmp_path / "set", "--seed", 1, "--overwrite") == 0
    assert schema.DatasetInfo.load(tmp_path / "set").seed == 1
    assert sorted(os.listdir(tmp_path)) == ["broken", "set"]


def test_a_dry_run_plans_estimates_and_writes_nothing(written, tmp_path, capsys):
    assert preprocess(written[0], tmp_path / "set", "--dry-run", "--json") == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["files"], plan["counts"]) == (24, {"train": 18, "eval": 3, "test": 3})
    assert plan["estimated_seconds"] > 0
    assert os.listdir(tmp_path) == []


def test_input_and_output_must_lie_apart(written, tmp_path):
    folder = write_scans(tmp_path / "scans", ["a.png"])
    with pytest.raises(UserError, match="among the scans"):
        preprocess(folder, folder / "set")
    with pytest.raises(UserError, match="among the scans"):
        preprocess(f"{tmp_path}/**/*.png", tmp_path / "set")
    with pytest.raises(UserError, match="lies in the output"):
        preprocess(folder / "a.png", folder, "--overwrite")


def test_nearly_black_scans_are_noticed(tmp_path, capsys):
    (tmp_path / "scans").mkdir()
    for index in range(3):
        Image.fromarray(scan(index).astype(np.uint16) * 16).save(tmp_path / "scans" / f"{index}.png")  # 12 of 16 bits
    assert preprocess(tmp_path / "scans", tmp_path / "set") == 0
    assert "--white-level 4095" in capsys.readouterr().err
    assert preprocess(tmp_path / "scans", tmp_path / "set", "--white-level", 4095, "--overwrite") == 0
    assert "--white-level 4095" not in capsys.readouterr().err


def test_the_contact_sheet_shows_each_split(written):
    with Image.open(written[1] / "contact_sheet.png") as sheet:
        assert sheet.size == (8 * 128, 3 * 16 + (3 + 1 + 1) * 128)
        assert sheet.info == {}
        bands = np.asarray(sheet.convert("L"))
    for top in (16, 16 + 3 * 128 + 16, 16 + 4 * 128 + 32):
        assert bands[top : top + 128, :128].std() > 5


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
def test_wrong_flags_end_with_code_2_and_a_reason(written, tmp_path, capsys, flags, words):
    with pytest.raises(SystemExit) as stop:
        main(["--input", str(written[0]), "--output", str(tmp_path / "set"), *flags])
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
def test_mistakes_are_told_in_one_line(tmp_path, flags, words):
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


def test_a_full_disk_is_told_in_one_line_and_nothing_is_left(written, tmp_path):
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
        written[0],
        "--output",
        tmp_path / "set",
        "--image-size",
        "16",
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == "error: a worker failed: File too large"
    assert os.listdir(tmp_path) == []
