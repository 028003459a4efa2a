"""A DICOM export through the whole job: frames, patients, regions, and nothing of the headers in what is written."""

import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.data.dicom_maker import JPEG, RLE, dicom_bytes, region
from tfgan_thyroid.data import preprocessing
from tfgan_thyroid.data.records import schema

PATIENTS = {"MRN-PLANTED-1": 2, "MRN-PLANTED-2": 3, "MRN-PLANTED-3": 1}
PLANTED = (b"PLANTED", b"clip", b"IM0", b"1.2.840.1")


def frames(scan, seed, count):
    return np.stack([scan(100 * seed + frame) for frame in range(count)])


@pytest.fixture(scope="module")
def export(tmp_path_factory, scan):
    """Three patients with two files each: a clip, and a picture without an extension, one of each in an archive."""
    folder = tmp_path_factory.mktemp("dicom") / "export"
    folder.mkdir()
    with zipfile.ZipFile(folder / "export.zip", "w") as archive:
        for number, (patient, count) in enumerate(PATIENTS.items()):
            clip = dicom_bytes(frames(scan, number, count), syntax=RLE, patient=patient)
            box = [region(8, 4, 47, 33)]
            picture = dicom_bytes(
                frames(scan, 50 + number, 1), patient=patient, SequenceOfUltrasoundRegions=box, StudyID=str(number)
            )
            if number:
                (folder / f"clip{number}.dcm").write_bytes(clip)
                (folder / f"IM0000{number}").write_bytes(picture)
            else:
                archive.writestr(f"clip{number}.dcm", clip)
                archive.writestr(f"IM0000{number}", picture)
    return folder


@pytest.fixture(scope="module")
def dataset(export, preprocess):
    output = export.parent / "set"
    assert preprocess(export, output, "--splits", "train=0.4,eval=0.3,test=0.3") == 0
    return output


def records(dataset):
    import tensorflow as tf

    found = []
    for split in (split for split in schema.SPLITS if schema.split_directory(dataset, split).exists()):
        for data in tf.data.TFRecordDataset([str(path) for path in schema.shard_paths(dataset, split)]):
            feature = tf.train.Example.FromString(data.numpy()).features.feature
            group, source, content = (
                feature[key].bytes_list.value[0]
                for key in (schema.IMAGE_GROUP_ID, schema.IMAGE_SOURCE_ID, schema.IMAGE_ENCODED)
            )
            found.append((split, group, source, np.asarray(Image.open(io.BytesIO(content)))))
    return found


def test_each_frame_is_a_record_and_each_patient_lies_in_one_split(dataset):
    found = records(dataset)
    assert len(found) == sum(PATIENTS.values()) + len(PATIENTS)
    assert len({source for _, _, source, _ in found}) == len(found)
    splits_of_group = {group: {split for split, other, _, _ in found if other == group} for _, group, _, _ in found}
    assert len(splits_of_group) == len(PATIENTS)
    assert all(len(splits) == 1 for splits in splits_of_group.values())
    assert schema.DatasetInfo.load(dataset).group_rule == "dicom-patient"


def test_the_records_hold_the_frames(dataset, scan):
    expected = {}
    for number, (name, count) in enumerate(
        zip(("export.zip/clip0.dcm", "clip1.dcm", "clip2.dcm"), PATIENTS.values(), strict=True)
    ):
        for frame in range(count):
            key = name + (f"#{frame + 1:05}" if count > 1 else "")
            image = preprocessing.resize(np.ascontiguousarray(scan(100 * number + frame)[:, 16:]), 16)
            expected[hashlib.sha256(f"source\0{key}".encode()).hexdigest()] = image
    found = {source.decode(): image for _, _, source, image in records(dataset)}
    assert expected.keys() <= found.keys()
    for source, image in expected.items():
        np.testing.assert_array_equal(found[source], image)


def test_nothing_of_header_or_name_is_written_and_the_salt_keys_the_patients(export, dataset, preprocess, tree, capfd):
    (export.parent / "salt").write_bytes(b"pepper")
    salted = export.parent / "salted"
    flags = ("--splits", "train=0.4,eval=0.3,test=0.3", "--salt-file", export.parent / "salt")
    assert preprocess(export, salted, *flags) == 0
    printed = capfd.readouterr()
    assert "PLANTED" not in printed.out + printed.err
    for written in (dataset, salted):
        for path, content in tree(written).items():
            for name in PLANTED:
                assert name not in content, path
    assert not {group for _, group, _, _ in records(dataset)} & {group for _, group, _, _ in records(salted)}


def test_the_region_of_the_file_is_the_crop(export, scan, preprocess):
    output = export.parent / "regions"
    assert preprocess(export, output, "--crop", "dicom-region:none", "--splits", "train=1") == 0
    kept = {source.decode(): image for _, _, source, image in records(output)}
    for number, name in enumerate(("export.zip/IM00000", "IM00001", "IM00002")):
        stated = np.ascontiguousarray(scan(100 * (50 + number))[4:34, 8:48])
        image = kept[hashlib.sha256(f"source\0{name}".encode()).hexdigest()]
        np.testing.assert_array_equal(image, preprocessing.resize(stated, 16))
    rejected = [json.loads(line) for line in (output / "rejected.jsonl").read_text().splitlines()]
    assert {row["reason"] for row in rejected} == {"no region"}


def test_without_the_extra_one_line_names_it(tmp_path):
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "a.dcm").write_bytes(dicom_bytes(np.zeros((1, 40, 56), np.uint8), syntax=JPEG))
    code = (
        "import importlib.util, sys\n"
        "found = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *rest: None if name == 'pydicom' else found(name, *rest)\n"
        "sys.modules['pydicom'] = None\n"
        "from pipeline.preprocess import main\n"
        "from tfgan_thyroid import command\n"
        "command.run(main)\n"
    )
    command = [sys.executable, "-c", code, "--input", "scans", "--output", "set", "--image-size", "16"]
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    run = {"cwd": tmp_path, "env": os.environ | {"PYTHONPATH": root}, "capture_output": True, "text": True}
    for name in ("a.dcm", "IM000001"):
        os.rename(*(tmp_path / "scans" / other for other in (os.listdir(tmp_path / "scans")[0], name)))
        result = subprocess.run(command, check=False, **run)
        assert result.returncode == 1
        assert "pip install 'tfgan-thyroid[dicom]'" in result.stderr.splitlines()[-1]
        assert "Traceback" not in result.stderr
    assert os.listdir(tmp_path) == ["scans"]


def test_an_export_whose_files_have_no_extension_is_told_to_be_grouped_by_patient(tmp_path, export, preprocess, capsys):
    (tmp_path / "export").mkdir()
    for path in export.glob("IM*"):
        (tmp_path / "export" / path.name).write_bytes(path.read_bytes())
    assert preprocess(tmp_path / "export", tmp_path / "set", "--dry-run") == 0
    assert "2 files, grouped by the patient that a DICOM file names" in capsys.readouterr().err
