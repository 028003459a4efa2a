"""Masks are recognised by what lies there, and go to the scans they belong to, in the layouts of public sets."""

import json
import os
import unicodedata
import zipfile

import numpy as np
import pytest
from PIL import Image

from pipeline.preprocessing.inputs.find_scans import find_scans
from tfgan_thyroid.data.masks.formats import read_mask
from tfgan_thyroid.data.masks.labels import MaskLabel
from tfgan_thyroid.data.scans.scan import ScanError
from tfgan_thyroid.errors import UserError

SHAPE = (40, 60)
NO_LABEL = MaskLabel()


def save(path, left=0):
    """A picture that is white from column `left` on, so that a mask can be told from another."""
    pixels = np.zeros(SHAPE, np.uint8)
    pixels[:, left:] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def outline(left):
    return [[left, 0], [60, 0], [60, 40], [left, 40]]


def save_labelme(path, left):
    path.parent.mkdir(parents=True, exist_ok=True)
    shapes = [{"label": "nodule", "points": outline(left), "shape_type": "polygon"}]
    path.write_text(json.dumps({"shapes": shapes, "imageHeight": 40, "imageWidth": 60, "imagePath": "a.png"}))


def save_coco(path, lefts):
    images = [{"id": i, "file_name": name, "width": 60, "height": 40} for i, name in enumerate(lefts)]
    annotations = [
        {"image_id": i, "category_id": 1, "segmentation": [sum(outline(left), [])]}
        for i, left in enumerate(lefts.values())
    ]
    document = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "nodule"}]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


def save_ddti(path, lefts):
    marks = ""
    for image, left in lefts.items():
        points = json.dumps([{"points": [{"x": x, "y": y} for x, y in outline(left)], "regionType": "freehand"}])
        marks += f"<mark><image>{image}</image><svg>{points}</svg></mark>"
    path.write_text(f"<?xml version='1.0'?><case><number>1</number>{marks}</case>")


def lefts(*arguments, label=NO_LABEL):
    """For each scan that is found: the column from which its mask is white, None without a mask."""
    found = {}
    for scan in find_scans(*map(str, arguments), mask_label=label):
        mask = None if scan.mask is None else read_mask(scan.mask, SHAPE, label)[0]
        found[os.fsdecode(scan.name)] = None if mask is None else int(np.argmax(mask[0]))
    return found


def test_labelme_files_lie_beside_the_scans_or_apart(tmp_path):
    for name, left in (("a", 3), ("b", 9)):
        save(tmp_path / "beside" / f"{name}.jpg")
        save_labelme(tmp_path / "beside" / f"{name}.json", left)
        save(tmp_path / "scans" / f"{name}.jpg")
        save_labelme(tmp_path / "apart" / f"{name}.json", left)
    assert lefts(tmp_path / "beside", tmp_path / "beside") == {"a.jpg": 3, "b.jpg": 9}
    assert lefts(tmp_path / "scans", tmp_path / "apart") == {"a.jpg": 3, "b.jpg": 9}


def test_coco_is_one_file_for_all_wherever_it_lies(tmp_path):
    for name in ("p1/a.png", "p2/a.png", "p2/b.png", "c.png"):
        save(tmp_path / "scans" / name)
    file = tmp_path / "annotations" / "instances_default.json"
    save_coco(file, {"p1/a.png": 3, "p2/a.png": 9, "export\\b.png": 5})
    expected = {"p1/a.png": 3, "p2/a.png": 9, "p2/b.png": 5, "c.png": None}
    assert lefts(tmp_path / "scans", file) == expected
    assert lefts(tmp_path / "scans", file.parent) == expected
    file.rename(tmp_path / "scans" / "coco.json")
    assert lefts(tmp_path / "scans", tmp_path / "scans" / "coco.json") == expected
    assert lefts(tmp_path / "scans", tmp_path / "scans") == expected


def test_the_layout_of_ddti(tmp_path):
    for name in ("1_1.jpg", "1_2.jpg", "2_1.jpg", "3_1.jpg"):
        save(tmp_path / name)
    save_ddti(tmp_path / "1.xml", {1: 3, 2: 9})
    save_ddti(tmp_path / "2.xml", {1: 5})
    assert lefts(tmp_path, tmp_path) == {"1_1.jpg": 3, "1_2.jpg": 9, "2_1.jpg": 5, "3_1.jpg": None}


def test_the_layout_of_tn3k(tmp_path):
    for part, left in (("trainval", 3), ("test", 9)):
        save(tmp_path / f"{part}-image" / "0000.jpg")
        save(tmp_path / f"{part}-mask" / "0000.jpg", left)
    expected = {"trainval-image/0000.jpg": 3, "test-image/0000.jpg": 9}
    assert lefts(f"{tmp_path}/*-image", tmp_path) == expected
    assert lefts(tmp_path / "test-image", tmp_path / "test-mask") == {"0000.jpg": 9}


def test_folders_of_images_and_masks_for_each_patient(tmp_path):
    for patient, left in (("p1", 3), ("p2", 9)):
        save(tmp_path / patient / "images" / "a.png")
        save(tmp_path / patient / "masks" / "a.png", left)
    assert lefts(f"{tmp_path}/*/images", tmp_path) == {"p1/images/a.png": 3, "p2/images/a.png": 9}


def test_archives_of_scans_and_of_masks(tmp_path):
    for folder, left in (("scans", 0), ("masks", 7)):
        save(tmp_path / folder / "a.png", left)
        with zipfile.ZipFile(tmp_path / f"{folder}.zip", "w") as archive:
            archive.write(tmp_path / folder / "a.png", "export/a.png")
            archive.writestr("__MACOSX/export/._a.png", b"resource fork")
            archive.writestr("export/.DS_Store", b"finder")
    assert lefts(tmp_path / "scans.zip", tmp_path / "masks.zip") == {"scans.zip/export/a.png": 7}
    assert lefts(tmp_path / "scans.zip", tmp_path / "masks") == {"scans.zip/export/a.png": 7}
    assert lefts(tmp_path / "scans", tmp_path / "masks.zip") == {"a.png": 7}


def test_an_archive_of_scans_and_masks_together_is_not_guessed_at(tmp_path):
    save(tmp_path / "a.png")
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        for folder in ("images", "masks"):
            archive.write(tmp_path / "a.png", f"{folder}/a.png")
    with pytest.raises(UserError, match="unpack the archive"):
        find_scans(str(tmp_path / "both.zip"))


def test_several_kinds_of_masks_ask_for_the_format(tmp_path):
    save(tmp_path / "scans" / "a.png")
    save(tmp_path / "masks" / "a.png", 3)
    save_labelme(tmp_path / "masks" / "a.json", 9)
    with pytest.raises(UserError, match="COCO JSON or LabelMe JSON and images: say with --mask-format"):
        find_scans(str(tmp_path / "scans"), str(tmp_path / "masks"))
    assert lefts(tmp_path / "scans", tmp_path / "masks", "image") == {"a.png": 3}
    assert lefts(tmp_path / "scans", tmp_path / "masks", "labelme") == {"a.png": 9}
    with pytest.raises(UserError, match="holds no DDTI XML"):
        find_scans(str(tmp_path / "scans"), str(tmp_path / "masks"), "ddti")


def test_mistakes_that_spoil_every_mask_stop_before_the_job(tmp_path):
    save(tmp_path / "scans" / "a.png")
    save(tmp_path / "masks" / "a.png")
    save_coco(tmp_path / "coco.json", {"a.png": 3})
    (tmp_path / "broken.json").write_text('{"images": [')
    (tmp_path / "none").mkdir()
    for masks, label, words in (
        ("none", None, "holds no masks"),
        ("masks", "nodule", "have numbers for labels"),
        (
            "coco.json",
            "cyst",
            "COCO JSON file 'coco.json' cannot be used: .*wanted 'cyst', its categories are 'nodule'",
        ),
        ("broken.json", None, "COCO JSON file 'broken.json' cannot be used: damaged"),
    ):
        with pytest.raises(UserError, match=words):
            find_scans(str(tmp_path / "scans"), str(tmp_path / masks), mask_label=MaskLabel(label))
    with pytest.raises(UserError, match="the same file"):
        find_scans(str(tmp_path / "coco.json"), str(tmp_path / "coco.json"))


def test_every_reason_of_a_mask_says_that_it_is_the_mask(tmp_path):
    save(tmp_path / "scans" / "a.png")
    save_labelme(tmp_path / "masks" / "a.json", 3)
    (scan,) = find_scans(str(tmp_path / "scans"), str(tmp_path / "masks"))
    for mask, shape, reason in ((scan.mask, (41, 60), "mask of another size"), (None, SHAPE, "mask missing")):
        with pytest.raises(ScanError) as caught:
            read_mask(mask, shape, NO_LABEL)
        assert caught.value.reason == reason


def test_the_layout_of_busi(tmp_path):
    for name, left in (("benign (1)", 3), ("normal (12)", 9), ("malignant (7)", 5)):
        save(tmp_path / f"{name}.png")
        save(tmp_path / f"{name}_mask.png", left)
    save(tmp_path / "malignant (7)_mask_1.png", 7)  # a second lesion, which BUSI puts into a file of its own
    expected = {"benign (1).png": 3, "normal (12).png": 9, "malignant (7).png": None}
    assert lefts(tmp_path, tmp_path) == expected
    with pytest.raises(UserError, match=r"4 masks of them.*would all be taken for scans: add --masks"):
        find_scans(str(tmp_path))


def test_the_layout_of_nnunet(tmp_path):
    for number, left in ((0, 3), (1, 9)):
        save(tmp_path / "imagesTr" / f"case_{number:03}_0000.png")
        save(tmp_path / "labelsTr" / f"case_{number:03}.png", left)
    expected = {"case_000_0000.png": 3, "case_001_0000.png": 9}
    assert lefts(tmp_path / "imagesTr", tmp_path / "labelsTr") == expected
    assert lefts(tmp_path / "imagesTr", tmp_path) == expected
    with pytest.raises(UserError, match="give --input .*imagesTr --masks .*labelsTr"):
        find_scans(str(tmp_path))


@pytest.mark.parametrize(
    ("scan", "mask"),
    [
        ("images/a.png", "masks/a.png"),
        ("p1/img/a.png", "p1/gt/a.png"),
        ("train-image/a.jpg", "train-mask/a.png"),
        ("a.png", "a-seg.png"),
        ("a.png", "a_label.png"),
        ("x/a.png", "ground_truth/a.png"),
    ],
)
def test_masks_beside_the_scans_are_named_where_nobody_said_that_they_are_masks(tmp_path, scan, mask):
    save(tmp_path / scan)
    save(tmp_path / mask, 3)
    with pytest.raises(UserError, match="1 masks of them"):
        find_scans(str(tmp_path))
    assert lefts(tmp_path, tmp_path) == {scan: 3}


@pytest.mark.parametrize("names", [("unmasked/a.png", "b.png"), ("label_1/a.png", "label_2/a.png"), ("a_mask.png",)])
def test_scans_whose_names_only_sound_like_masks_are_scans(tmp_path, names):
    for name in names:
        save(tmp_path / name)
    assert [os.fsdecode(scan.name) for scan in find_scans(str(tmp_path))] == sorted(names)


def test_a_mask_that_several_scans_could_have_belongs_to_the_one_of_its_path_or_to_none(tmp_path):
    for name in ("p1/a.png", "p2/a.png", "b.png", "b_0000.png"):
        save(tmp_path / "scans" / name)
    save(tmp_path / "masks" / "a.png", 3)
    save(tmp_path / "masks" / "b.png", 9)
    found = lefts(tmp_path / "scans", tmp_path / "masks")
    assert found == {"p1/a.png": None, "p2/a.png": None, "b.png": 9, "b_0000.png": None}


@pytest.mark.parametrize(("scans", "masks"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_names_are_the_same_however_their_letters_are_put_together(tmp_path, scans, masks):
    name = "p\u00fc/Schilddr\u00fcse"
    save(tmp_path / "scans" / f"{unicodedata.normalize(scans, name)}.png")
    save(tmp_path / "masks" / f"{unicodedata.normalize(masks, name)}.png", 3)
    save_coco(tmp_path / "coco.json", {f"{unicodedata.normalize(masks, name)}.png": 9})
    assert list(lefts(tmp_path / "scans", tmp_path / "masks").values()) == [3]
    assert list(lefts(tmp_path / "scans", tmp_path / "coco.json").values()) == [9]
