"""Folders that other programs open, read back by their own readers."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfgan_thyroid.data.scans.files import encode_png
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.networks.generator import build_generator
from tfgan_thyroid.serving.image_folder import write_images
from tfgan_thyroid.serving.layouts import LAYOUTS, run_lengths
from tfgan_thyroid.serving.synthetic_folder import write_folder

NAMES = ("synthetic_0000000007", "synthetic_0000000008")


def pixels_and_mask(seed, size=15):
    rng = np.random.default_rng(seed)
    mask = np.zeros((size, size), bool)
    mask[2:9, 4 + seed % 3 : 12] = True
    mask[4:6, 7:9] = False  # a hole
    return rng.integers(0, 256, (size, size)).astype(np.uint8), mask


def write(folder, layout):
    """Two images with masks; the entries of the manifest."""
    images = []
    for index in range(2):
        pixels, mask = pixels_and_mask(index)
        pngs = {"image_bytes": encode_png(pixels), "mask_bytes": encode_png(255 * mask.astype(np.uint8))}
        images.append((7 + index, pngs))
    return write_folder(folder, images, {"Model digest": "d" * 64}, {}, LAYOUTS[layout])["images"]


def test_nnunet_finds_images_labels_and_its_dataset_json(tmp_path):
    write(tmp_path, "nnunet")
    dataset = json.loads((tmp_path / "dataset.json").read_text())
    assert dataset["numTraining"] == 2 and dataset["labels"] == {"background": 0, "foreground": 1}
    for index, name in enumerate(NAMES):
        pixels, mask = pixels_and_mask(index)
        image = np.asarray(Image.open(tmp_path / "imagesTr" / f"{name}_0000{dataset['file_ending']}"))
        labels = np.asarray(Image.open(tmp_path / "labelsTr" / f"{name}{dataset['file_ending']}"))
        assert np.array_equal(image, pixels)
        assert np.array_equal(labels, mask)


# pycocotools answers NumPy 2 in the old way: its own notice, not ours.
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")
def test_coco_run_lengths_are_read_by_its_own_api(tmp_path):
    coco = pytest.importorskip("pycocotools.coco", reason="pycocotools is not installed")
    write(tmp_path, "coco")
    read = coco.COCO(str(tmp_path / "annotations.json"))
    for index, image in enumerate(read.loadImgs(read.getImgIds())):
        pixels, mask = pixels_and_mask(index)
        assert np.array_equal(np.asarray(Image.open(tmp_path / image["file_name"])), pixels)
        (annotation,) = read.loadAnns(read.getAnnIds(image["id"]))
        assert np.array_equal(read.annToMask(annotation), mask)
        assert annotation["area"] == mask.sum()
        left, top, width, height = annotation["bbox"]
        assert mask[top : top + height, left : left + width].sum() == mask.sum()


@pytest.mark.parametrize(
    ("mask", "lengths"),
    [
        ([[0, 1], [0, 1]], [2, 2]),
        ([[1, 0], [0, 0]], [0, 1, 3]),
        ([[1, 1], [1, 1]], [0, 4]),
        ([[0, 0], [1, 0]], [1, 1, 2]),
    ],
)
def test_run_lengths_go_down_the_columns_and_start_with_background(mask, lengths):
    assert run_lengths(np.array(mask, bool)) == lengths


def test_dicom_is_a_secondary_capture_of_nobody_that_says_it_is_synthetic(tmp_path):
    pydicom = pytest.importorskip("pydicom", reason="the dicom extra is not installed")
    entries = write(tmp_path, "dicom")
    series, instances = set(), set()
    for index, entry in enumerate(entries):
        pixels, _ = pixels_and_mask(index)
        data = pydicom.dcmread(tmp_path / entry["file"])
        assert np.array_equal(data.pixel_array, pixels)
        assert data.SOPClassUID == "1.2.840.10008.5.1.4.1.1.7"
        assert list(data.ImageType) == ["DERIVED", "SECONDARY"] and data.ConversionType == "SYN"
        assert data.PatientName == "" and data.PatientID == "" and data.StudyDate == ""
        assert "Synthetic" in data.ImageComments
        series.add(data.SeriesInstanceUID)
        instances.add(data.SOPInstanceUID)
    assert (len(series), len(instances)) == (1, 2)


def test_a_dicom_file_is_read_by_the_preprocessing_as_the_same_pixels(tmp_path):
    pytest.importorskip("pydicom", reason="the dicom extra is not installed")
    from tfgan_thyroid.data.dicom.files import decode_frames

    write(tmp_path, "dicom")
    file = io.BytesIO((tmp_path / "images" / f"{NAMES[0]}.dcm").read_bytes())
    (scan,) = decode_frames(file, 255)
    assert np.array_equal(scan.pixels, pixels_and_mask(0)[0])


def test_plain_files_say_that_they_are_synthetic(tmp_path):
    for entry in write(tmp_path, "plain"):
        for key in ("file", "mask"):
            with Image.open(tmp_path / entry[key]) as image:
                assert image.text["Synthetic"] == "true"


def test_a_layout_of_pairs_refuses_images_alone(tmp_path):
    generator = build_generator(16, 1, 4, 8)
    with pytest.raises(UserError, match="--paired"):
        write_images(generator, tmp_path / "out", count=1, seed=0, batch_size=1, facts={}, layout="nnunet")
    assert not (tmp_path / "out").exists()


def test_monai_reads_the_plain_folder_by_the_lines_of_the_guide(tmp_path, monkeypatch):
    pytest.importorskip("monai", reason="MONAI is not installed")
    write(tmp_path / "generated", "plain")
    guide = (Path(__file__).parents[2] / "docs" / "serving.md").read_text()
    (code,) = re.findall(r"```python\n(import json, monai\n.*?)```", guide, re.S)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(code, names)
    for index, item in enumerate(names["dataset"]):
        pixels, mask = pixels_and_mask(index)
        assert np.array_equal(np.asarray(item["image"])[0].T, pixels)  # MONAI puts columns first
        assert np.array_equal(np.asarray(item["label"])[0].T > 127, mask)
