import hashlib
import io
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from google.protobuf import text_format
from PIL import Image
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

from pipeline.validate import main
from pipeline.validation.anomalies import ERROR, WARNING
from pipeline.validation.validate_dataset import Thresholds, validate_dataset
from tfgan_thyroid.data.records import schema
from tfgan_thyroid.data.records.examples import parse_features, read_records, serialize_features, write_record
from tfgan_thyroid.errors import UserError

LENIENT = Thresholds(few_records=1)


@pytest.fixture
def dataset(preprocessed, tmp_path):
    """A copy of a sound data set, to be spoilt."""
    return shutil.copytree(preprocessed[1], tmp_path / "set")


@pytest.fixture(scope="module")
def masked(tmp_path_factory, write_scans, preprocess):
    """A sound data set with masks."""
    root = tmp_path_factory.mktemp("masked")
    folder = write_scans(root / "scans", [f"{index}.png" for index in range(8)])
    (root / "masks").mkdir()
    for path in folder.iterdir():
        mask = np.zeros((40, 56), np.uint8)
        mask[10:30, 30:50] = 255
        Image.fromarray(mask).save(root / "masks" / path.name)
    assert preprocess(folder, root / "set", "--masks", root / "masks", "--splits", "train=1") == 0
    return root / "set"


def rewrite(dataset, split, change):
    """Put `change(features)` in the place of each record of a split; None drops the record."""
    for path in schema.shard_paths(dataset, split):
        with open(path, "rb") as file:
            records = [{k: v[0] for k, v in parse_features(payload).items()} for payload in read_records(file)]
        with open(path, "wb") as file:
            for features in map(change, records):
                if features is not None:
                    write_record(file, serialize_features(features))


def with_image(features, pixels, mode="L", key=schema.IMAGE_ENCODED):
    encoded = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(encoded, "PNG")
    return features | {key: encoded.getvalue()}


def kinds(anomalies, severity=ERROR):
    return {anomaly.kind for anomaly in anomalies if anomaly.severity == severity}


def found(dataset, thresholds=LENIENT, **flags):
    return validate_dataset(dataset, thresholds=thresholds, **flags)


def test_a_sound_data_set_has_no_anomalies(preprocessed, masked):
    assert found(preprocessed[1]) == []
    assert found(masked) == []
    assert found(preprocessed[1], schema_path=preprocessed[1] / "schema.pbtxt") == []


def test_a_flipped_bit_is_told_with_the_file_and_the_byte(dataset):
    path = schema.shard_paths(dataset, "train")[0]
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)
    anomalies = found(dataset)
    (damaged,) = [anomaly for anomaly in anomalies if anomaly.kind == "damaged file"]
    assert (damaged.split, damaged.severity) == ("train", ERROR)
    assert f"{path.name}: the record at byte 0 has a wrong checksum over its content" in damaged.detail
    assert kinds(anomalies) == {"damaged file", "wrong count", "other content", "other statistics"}


def test_a_missing_file_is_told(dataset):
    schema.shard_paths(dataset, "train")[1].unlink()
    assert {"missing file", "wrong count"} <= kinds(found(dataset))


def test_a_record_that_is_lost_with_sound_checksums_is_missed(dataset):
    seen = []
    rewrite(dataset, "train", lambda features: seen.append(1) or (features if len(seen) > 1 else None))
    (count,) = [anomaly for anomaly in found(dataset) if anomaly.kind == "wrong count"]
    assert "17 records, and dataset.json says 18" in count.detail


def test_a_group_and_an_image_in_two_splits_are_errors(dataset):
    with open(schema.shard_paths(dataset, "train")[0], "rb") as file:
        payload = next(read_records(file))
    with open(schema.shard_paths(dataset, "test")[0], "ab") as file:
        write_record(file, payload)
    shared = {a.kind: a for a in found(dataset) if "two splits" in a.kind}
    assert shared.keys() == {"group in two splits", "image in two splits"}
    assert all(a.detail.startswith("1 ") and "train are also in test" in a.detail for a in shared.values())


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (lambda f: with_image(f, np.zeros((16, 8), np.uint8)), "wrong image size", "8x16 pixels, wanted 16x16"),
        (lambda f: with_image(f, np.eye(16, dtype=np.uint8), "RGB"), "wrong pixel format", "mode RGB"),
        (lambda f: f | {schema.IMAGE_ENCODED: b"GIF89a"}, "not an image", "no PNG"),
        (lambda f: f | {schema.IMAGE_SHA256: b"0" * 64}, "wrong digest", "another SHA-256"),
        (lambda f: f | {schema.IMAGE_HEIGHT: 17}, "value too large", "17, wanted at most 16"),
        (lambda f: f | {schema.IMAGE_HEIGHT: b"16"}, "wrong type", "wanted INT"),
        (lambda f: {k: v for k, v in f.items() if k != schema.IMAGE_WIDTH}, "feature missing", "no value"),
        (lambda f: f | {"patient": b"Muster"}, "feature not in the schema", "has it"),
    ],
)
def test_what_is_wrong_with_records_is_told_once_and_counted(dataset, change, kind, words):
    changed = []

    def spoil(features):
        changed.append(1)
        return change(features)

    rewrite(dataset, "train", spoil)
    (anomaly,) = [anomaly for anomaly in found(dataset) if anomaly.kind == kind]
    assert (anomaly.severity, anomaly.split) == (ERROR, "train")
    assert anomaly.detail.startswith(f"{len(changed)} times; the first: ")
    assert words in anomaly.detail
    assert "Muster" not in str(anomaly)


@pytest.mark.parametrize(("value", "kind"), [(128, "mask not binary"), (0, "all masks empty")])
def test_masks_with_other_values_or_without_any_foreground_are_errors(masked, tmp_path, value, kind):
    dataset = shutil.copytree(masked, tmp_path / "set")
    same = np.full((16, 16), value, np.uint8)
    rewrite(dataset, "train", lambda features: with_image(features, same, key=schema.MASK_ENCODED))
    assert kinds(found(dataset)) == {kind, "other content"}


def test_images_without_contrast_warn_and_are_an_error_where_they_are_many(tmp_path, write_scans, preprocess):
    folder = write_scans(tmp_path / "scans", [f"{index}.png" for index in range(6)])
    Image.fromarray(np.full((40, 56), 90, np.uint8)).save(folder / "flat.png")
    dark = np.zeros((40, 56), np.uint8)
    dark[10:14, 30:34] = 200
    Image.fromarray(dark).save(folder / "dark.png")
    assert preprocess(folder, tmp_path / "set", "--splits", "train=1") == 0
    assert kinds(found(tmp_path / "set"), WARNING) == {"images without contrast", "images nearly black"}
    assert kinds(found(tmp_path / "set")) == set()
    strict = Thresholds(few_records=1, bad_fraction=0.1)
    assert kinds(found(tmp_path / "set", strict)) == {"images without contrast", "images nearly black"}


def test_small_splits_and_a_train_split_without_records_are_told(dataset):
    few = [anomaly for anomaly in found(dataset, Thresholds()) if anomaly.kind == "few records"]
    assert [(anomaly.severity, anomaly.split) for anomaly in few] == [(WARNING, "eval"), (WARNING, "test")]
    shutil.rmtree(schema.split_directory(dataset, "train"))
    assert ("few records", "train") in {(a.kind, a.split) for a in found(dataset) if a.severity == ERROR}


def test_splits_of_different_brightness_drift(tmp_path, write_scans, preprocess):
    folder = write_scans(tmp_path / "scans", [f"patient{index % 8}_frame{index}.png" for index in range(24)])
    assert preprocess(folder, tmp_path / "set") == 0
    assert found(tmp_path / "set") == []
    names = {hashlib.sha256(f"group\0group:patient{n}".encode()).hexdigest().encode(): n for n in range(8)}
    (tested,) = {names[group] for group in read_groups(tmp_path / "set", "test")}
    for path in folder.glob(f"patient{tested}_*"):
        Image.fromarray(np.minimum(np.asarray(Image.open(path)) + 100.0, 255).astype(np.uint8)).save(path)
    assert preprocess(folder, tmp_path / "set", "--overwrite") == 0
    (anomaly,) = found(tmp_path / "set")
    assert (anomaly.kind, anomaly.severity, anomaly.split) == ("drift between splits", WARNING, "test")
    statistics = json.loads((tmp_path / "set" / "statistics.json").read_text())
    assert f"{statistics['drift']['test']['jensen_shannon']:.3f} bits" in anomaly.detail


def read_groups(dataset, split):
    for path in schema.shard_paths(dataset, split):
        with open(path, "rb") as file:
            yield from (parse_features(payload)[schema.IMAGE_GROUP_ID][0] for payload in read_records(file))


def test_a_given_schema_is_held_against_the_data_sets_and_its_records(dataset, tmp_path):
    proto = text_format.Parse((dataset / "schema.pbtxt").read_text(), schema_pb2.Schema())
    by_name = {feature.name: feature for feature in proto.feature}
    by_name[schema.IMAGE_HEIGHT].int_domain.min = by_name[schema.IMAGE_HEIGHT].int_domain.max = 32
    mask = proto.feature.add(name=schema.MASK_ENCODED, type=schema_pb2.BYTES)
    mask.presence.min_fraction = 1.0
    proto.feature.remove(by_name[schema.IMAGE_SHA256])
    (tmp_path / "wanted.pbtxt").write_text(text_format.MessageToString(proto))
    anomalies = found(dataset, schema_path=tmp_path / "wanted.pbtxt")
    of_schema = {(a.kind, a.feature) for a in anomalies if a.split is None}
    assert of_schema == {
        ("schema drift", schema.IMAGE_HEIGHT),
        ("feature missing", schema.MASK_ENCODED),
        ("feature not in the schema", schema.IMAGE_SHA256),
    }
    of_records = {(a.kind, a.feature) for a in anomalies if a.split == "train"}
    assert of_records == {
        ("value too small", schema.IMAGE_HEIGHT),
        ("feature missing", schema.MASK_ENCODED),
        ("feature not in the schema", schema.IMAGE_SHA256),
    }


def test_statistics_of_other_data_or_none_are_errors(dataset):
    path = dataset / "statistics.json"
    document = json.loads(path.read_text())
    document["splits"]["eval"]["grey_levels"]["histogram"][7] += 1
    path.write_text(json.dumps(document))
    assert [(a.kind, a.split) for a in found(dataset)] == [("other statistics", "eval")]
    path.write_text("{")
    assert kinds(found(dataset)) == {"no statistics"}


def test_the_command_tells_in_words_and_by_its_code(dataset, capsys):
    assert main(["--data", str(dataset)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "records: train 18, eval 3, test 3; errors: 0; warnings: 2"
    rewrite(dataset, "test", lambda features: features | {schema.IMAGE_SHA256: b"0" * 64})
    assert main(["--data", str(dataset), "--json"]) == 1
    output, told = capsys.readouterr()
    document = json.loads(output)
    assert (document["errors"], document["warnings"]) == (1, 2)
    assert document["anomalies"][0]["kind"] == "wrong digest"
    assert "error: wrong digest (split test, image/key/sha256)" in told


def test_the_output_is_json_and_a_message_for_each_split_as_tfx_leaves_them(dataset, tmp_path):
    rewrite(dataset, "test", lambda features: features | {schema.IMAGE_SHA256: b"0" * 64})
    assert main(["--data", str(dataset), "--output", str(tmp_path / "found")]) == 1
    listed = json.loads((tmp_path / "found" / "anomalies.json").read_text())["anomalies"]
    assert [row["kind"] for row in listed] == ["wrong digest", "few records", "few records"]
    content = (tmp_path / "found" / "Split-test" / "SchemaDiff.pb").read_bytes()
    message = anomalies_pb2.Anomalies.FromString(content)
    assert list(message.anomaly_info) == [schema.IMAGE_SHA256]
    assert message.anomaly_info[schema.IMAGE_SHA256].severity == anomalies_pb2.AnomalyInfo.ERROR
    (reason,) = message.dataset_anomaly_info.reason
    assert reason.type == anomalies_pb2.AnomalyInfo.DATASET_LOW_NUM_EXAMPLES
    assert {feature.name for feature in message.baseline.feature} >= {schema.IMAGE_ENCODED, schema.IMAGE_SHA256}
    sound = anomalies_pb2.Anomalies.FromString((tmp_path / "found" / "Split-train" / "SchemaDiff.pb").read_bytes())
    assert not sound.anomaly_info and not sound.HasField("dataset_anomaly_info")
    with pytest.raises(UserError, match="exists: give --output a new name"):
        main(["--data", str(dataset), "--output", str(tmp_path / "found")])


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--data", "missing"], "missing does not exist, not a data set"),
        (["--schema", "missing.pbtxt"], "missing.pbtxt is not there"),
        (["--schema", "notes.pbtxt"], "no tensorflow-metadata Schema"),
    ],
)
def test_mistakes_are_told_in_one_line(dataset, tmp_path, flags, words):
    (tmp_path / "notes.pbtxt").write_text("left knee")
    command = [sys.executable, "-m", "pipeline.validate", "--data", str(dataset), *flags]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (1, "")
    assert words in result.stderr and len(result.stderr.splitlines()) == 1
    assert sorted(os.listdir(tmp_path)) == ["notes.pbtxt", "set"]
