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
from tfgan_thyroid.data import preprocessing
from tfgan_thyroid.data.records import schema
from tfgan_thyroid.errors import UserError

SIZE = 16  # of the fixture `preprocess`


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


def test_the_job_stores_what_the_same_steps_give_in_memory(preprocessed):
    folder, dataset = preprocessed
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


def test_dataset_json_tells_what_was_asked_for_and_what_was_written(preprocessed):
    _, dataset = preprocessed
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


def test_patients_stay_together(preprocessed):
    _, dataset = preprocessed
    groups = {split: {r[schema.IMAGE_GROUP_ID] for r in members} for split, members in all_records(dataset).items()}
    assert [len(ids) for ids in groups.values()] == [6, 1, 1]
    assert len(set.union(*groups.values())) == 8


def test_the_schema_is_a_tensorflow_metadata_schema_of_the_records(preprocessed):
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    _, dataset = preprocessed
    proto = text_format.Parse((dataset / "schema.pbtxt").read_text(), schema_pb2.Schema())
    kinds = {bytes: schema_pb2.BYTES, np.ndarray: schema_pb2.BYTES, int: schema_pb2.INT}
    record = records(dataset, "train")[0]
    assert {feature.name: feature.type for feature in proto.feature} == {k: kinds[type(v)] for k, v in record.items()}


def test_the_statistics_are_those_of_the_stored_pixels(preprocessed):
    _, dataset = preprocessed
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


def test_masks_go_with_their_scans(tmp_path, write_scans, preprocess):
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


def test_duplicates_share_a_split_and_are_counted(tmp_path, capsys, write_scans, patients, preprocess):
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


def test_odd_names_survive_and_only_rejected_jsonl_names_files(tmp_path, capsys, scan, preprocess, tree):
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


def test_the_salt_changes_the_identifiers_and_nothing_else(preprocessed, tmp_path, preprocess):
    folder, plain = preprocessed
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


def test_the_bytes_depend_neither_on_the_place_nor_the_order_nor_the_runner(preprocessed, tmp_path, preprocess, tree):
    folder, dataset = preprocessed
    for name in reversed(sorted(os.listdir(folder))):
        (tmp_path / "copy").mkdir(exist_ok=True)
        (tmp_path / "copy" / name).write_bytes((folder / name).read_bytes())
    assert preprocess(tmp_path / "copy", tmp_path / "set", "--runner=FnApiRunner") == 0
    assert tree(tmp_path / "set") == tree(dataset)


@pytest.mark.slow
def test_worker_processes_write_the_same_bytes(preprocessed, tmp_path, tree):
    folder, dataset = preprocessed
    flags = ["--runner=DirectRunner", "--direct_running_mode=multi_processing", "--direct_num_workers=2"]
    command = [sys.executable, "-m", "pipeline.preprocess", "--input", folder, "--output", tmp_path / "set"]
    subprocess.run([*command, "--image-size", str(SIZE), *flags], check=True, capture_output=True)
    assert tree(tmp_path / "set") == tree(dataset)


def test_the_default_runner_leaves_prism_alone(preprocessed, tmp_path, monkeypatch, preprocess):
    from apache_beam.runners.portability.prism_runner import PrismRunner

    started = []
    monkeypatch.setattr(PrismRunner, "run_pipeline", lambda *_: started.append("prism"))
    assert preprocess(preprocessed[0], tmp_path / "set") == 0
    assert started == []


def test_shards_are_numbered_and_no_more_than_there_are_scans(preprocessed, tmp_path, preprocess):
    assert preprocess(preprocessed[0], tmp_path / "set", "--shards", 5) == 0
    names = {split: [p.name for p in schema.shard_paths(tmp_path / "set", split)] for split in schema.SPLITS}
    assert names["train"] == [f"examples-{index:05}-of-00005.tfrecord" for index in range(5)]
    assert names["eval"] == [f"examples-{index:05}-of-00003.tfrecord" for index in range(3)]


def test_the_contact_sheet_shows_each_split(preprocessed):
    with Image.open(preprocessed[1] / "contact_sheet.png") as sheet:
        assert sheet.size == (8 * 128, 3 * 16 + (3 + 1 + 1) * 128)
        assert sheet.info == {}
        bands = np.asarray(sheet.convert("L"))
    for top in (16, 16 + 3 * 128 + 16, 16 + 4 * 128 + 32):
        assert bands[top : top + 128, :128].std() > 5
