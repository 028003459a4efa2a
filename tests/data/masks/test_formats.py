"""Polygons of annotation tools: what each format says becomes the pixels that were outlined."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from tfgan_thyroid.data.masks.coco import read_coco
from tfgan_thyroid.data.masks.ddti import read_ddti
from tfgan_thyroid.data.masks.labelme import read_labelme
from tfgan_thyroid.data.masks.labels import MaskLabel
from tfgan_thyroid.data.masks.outlines import draw
from tfgan_thyroid.data.scans.scan import ScanError

HEIGHT, WIDTH = 40, 60
SQUARE = [[10, 5], [20, 5], [20, 15], [10, 15]]


def square(left=10, top=5, right=20, bottom=15):
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[top:bottom, left:right] = 255
    return mask


def file(document):
    return io.BytesIO(document if isinstance(document, bytes) else json.dumps(document).encode())


def shape(label, points, kind="polygon"):
    return {"label": label, "points": points, "shape_type": kind}


def labelme(*shapes, label=None, may_be_absent=False, **extra):
    document = {"version": "5.4.1", "shapes": shapes, "imageHeight": HEIGHT, "imageWidth": WIDTH, **extra}
    return draw(read_labelme(file(document), MaskLabel(label, may_be_absent)), HEIGHT, WIDTH)[0]


def test_labelme_polygons_rectangles_and_circles():
    np.testing.assert_array_equal(labelme(shape("nodule", SQUARE)), square())
    np.testing.assert_array_equal(labelme(shape("nodule", [[20, 15], [10, 5]], "rectangle")), square())
    disc = labelme(shape("nodule", [[30, 20], [30, 28]], "circle"))
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    np.testing.assert_array_equal(disc == 255, (rows - 20) ** 2 + (columns - 30) ** 2 < 8**2)
    assert not labelme().any()


def test_labelme_labels_are_chosen_by_name():
    both = [shape("nodule", SQUARE), shape("gland", [[0, 0], [60, 0], [60, 40], [0, 40]])]
    np.testing.assert_array_equal(labelme(*both, label="nodule"), square())
    assert labelme(*both, label="gland").all()
    assert not labelme(*both, label="cyst", may_be_absent=True).any()
    for label, words in ((None, "'gland', 'nodule': choose one with --mask-label"), ("cyst", "wanted 'cyst', found")):
        with pytest.raises(ScanError, match=words):
            labelme(*both, label=label)


def test_labelme_shapes_without_an_area_and_other_sizes_are_refused():
    with pytest.raises(ScanError, match="has no area"):
        labelme(shape("nodule", [[1, 1], [2, 2]], "line"))
    with pytest.raises(ScanError, match="drawn on 61x40, scan 60x40"):
        labelme(shape("nodule", SQUARE), imageWidth=61)


def pixel_mask(pixels, first, last):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    text = base64.b64encode(buffer.getvalue()).decode()
    return {"label": "nodule", "points": [first, last], "shape_type": "mask", "mask": text}


@pytest.mark.parametrize("white", [1, 255])
def test_labelme_pixel_masks_lie_between_their_two_points(white):
    ring = np.full((10, 10), white, np.uint8)
    ring[3:7, 3:7] = 0
    expected = square()
    expected[8:12, 13:17] = 0
    np.testing.assert_array_equal(labelme(pixel_mask(ring, [10, 5], [19, 14])), expected)
    for last, words in (([20, 14], "in a box of other size"), ([19.2, 14.9], None)):
        if words is not None:
            with pytest.raises(ScanError, match=words):
                labelme(pixel_mask(ring, [10, 5], last))
    with pytest.raises(ScanError, match="outside the scan"):
        labelme(pixel_mask(ring, [55, 5], [64, 14]))


@pytest.mark.parametrize("mask", [None, "%%%", "aGVsbG8="])
def test_labelme_pixel_masks_without_an_image_are_refused(mask):
    with pytest.raises(ScanError):
        labelme({"label": "a", "points": [[1, 1], [2, 2]], "shape_type": "mask", "mask": mask})


@pytest.mark.parametrize("encoding", ["gb18030", "latin-1", "cp1252", "shift_jis"])
def test_text_that_is_not_utf_8_says_so(encoding):
    text = {"gb18030": "\u7ed3\u8282", "shift_jis": "\u7532\u72b6"}.get(encoding, "Kn\u00f6tchen")
    document = json.dumps({"shapes": [{**shape(text, SQUARE)}]}, ensure_ascii=False)
    for read in (read_labelme, read_coco):
        with pytest.raises(ScanError, match="not UTF-8") as caught:
            read(file(document.encode(encoding)), MaskLabel())
        assert caught.value.reason == "of an unknown encoding"
    for known in ("utf-8", "utf-8-sig", "utf-16"):
        assert len(read_labelme(file(document.encode(known)), MaskLabel()).shapes) == 1


def coco(annotations, categories=("nodule",), label=None, **options):
    document = {
        "images": [{"id": 7, "file_name": "p1/a.png", "height": HEIGHT, "width": WIDTH}],
        "annotations": [{"image_id": 7, **annotation} for annotation in annotations],
        "categories": [{"id": index + 1, "name": name} for index, name in enumerate(categories)],
    }
    found = read_coco(file(document), MaskLabel(label, **options))["p1/a.png"]
    if isinstance(found, ScanError):
        raise found
    return draw(found, HEIGHT, WIDTH)[0]


def annotation(polygon, category=1):
    return {"category_id": category, "segmentation": [[value for point in polygon for value in point]]}


def test_coco_polygons_add_up_and_no_annotation_is_an_empty_mask():
    np.testing.assert_array_equal(coco([annotation(SQUARE)]), square())
    other = [[30, 5], [40, 5], [40, 15], [30, 15]]
    np.testing.assert_array_equal(coco([annotation(SQUARE), annotation(other)]), square() | square(30, 5, 40, 15))
    assert not coco([]).any()


def test_coco_categories_are_chosen_by_name_or_number():
    two = [annotation(SQUARE, 2)]
    for label in ("nodule", "2"):
        np.testing.assert_array_equal(coco(two, ("gland", "nodule"), label), square())
    with pytest.raises(ScanError, match="only other labels"):
        coco(two, ("gland", "nodule"), "gland")
    assert not coco(two, ("gland", "nodule"), "gland", may_be_absent=True).any()
    with pytest.raises(ScanError, match="wanted 'cyst', its categories are 'gland', 'nodule'"):
        coco(two, ("gland", "nodule"), "cyst")
    with pytest.raises(ScanError, match="choose one with --mask-label"):
        coco(two, ("gland", "nodule"))


def run_lengths(counts, height=HEIGHT, width=WIDTH):
    return {"category_id": 1, "segmentation": {"counts": counts, "size": [height, width]}}


def test_coco_run_lengths_go_down_the_columns_and_add_to_polygons():
    counts = [10 * HEIGHT + 5, 10]  # column 10, rows 5 to 14, then each next column
    counts += [HEIGHT - 10, 10] * 9 + [HEIGHT * WIDTH - 10 * HEIGHT - 5 - 10 - 9 * HEIGHT]
    np.testing.assert_array_equal(coco([run_lengths(counts)]), square())
    other = annotation([[30, 5], [40, 5], [40, 15], [30, 15]])
    np.testing.assert_array_equal(coco([run_lengths(counts), other]), square() | square(30, 5, 40, 15))
    assert not coco([run_lengths([HEIGHT * WIDTH])]).any()
    assert coco([run_lengths([0, HEIGHT * WIDTH])]).all()


@pytest.mark.parametrize("density", [0.0, 0.002, 0.1, 0.5, 1.0])
def test_packed_coco_run_lengths_are_what_pycocotools_packed(density):
    pycocotools = pytest.importorskip("pycocotools.mask", reason="pycocotools, for comparison, is not installed")

    mask = np.random.default_rng(0).random((HEIGHT, WIDTH)) < density
    for pattern in (mask, np.repeat(mask, 9, axis=0)[:HEIGHT], np.tile(mask[:, :1], WIDTH)):
        packed = pycocotools.encode(np.asfortranarray(pattern.astype(np.uint8)))["counts"].decode()
        np.testing.assert_array_equal(coco([run_lengths(packed)]), pattern * 255)


@pytest.mark.parametrize(
    "counts", ["", "e<:", "o", "o" * 4000, "~~~", "0:", "\x00", "é", [1, 2], [-1, 2401], [2400.0], ["a"], None]
)
def test_damaged_coco_run_lengths_are_refused_for_that_scan_alone(counts):
    with pytest.raises(ScanError, match="COCO run lengths"):
        coco([run_lengths(counts)])


def test_coco_run_lengths_of_another_size_and_boxes_alone_are_refused():
    with pytest.raises(ScanError, match="of 40x60 pixels, in an image of other size"):
        coco([run_lengths([2400], WIDTH, HEIGHT)])
    for segmentation in ([], None, 3, [[1, 2, 3, 4, 5, 6], "x"]):
        with pytest.raises(ScanError, match="a COCO box alone"):
            coco([{"category_id": 1, "segmentation": segmentation}])


DDTI = """<?xml version="1.0" encoding="UTF-8"?>
<case><number>12</number><age>49</age><tirads>4a</tirads>
<mark><image>1</image><svg>[{"points": [{"x": 10, "y": 5}, {"x": 20, "y": 5}, {"x": 20, "y": 15},
 {"x": 10, "y": 15}], "annotation": {}, "regionType": "freehand"}]</svg></mark>
<mark><image>2</image><svg></svg></mark></case>"""


def ddti(image):
    return read_ddti(file(DDTI.encode()), MaskLabel(), str(image))


def test_ddti_outlines_belong_to_an_image_of_the_case():
    np.testing.assert_array_equal(draw(ddti(1), HEIGHT, WIDTH)[0], square())
    for image in (2, 3):
        with pytest.raises(ScanError, match=f"nothing is outlined on image {image}"):
            ddti(image)
    with pytest.raises(ScanError, match="scan 18x40 pixels"):
        draw(ddti(1), HEIGHT, 18)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<case><mark>",
        b'<!DOCTYPE case [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]><case>&b;</case>',
        '<!DOCTYPE case [<!ENTITY a "aaaa">]><case>&a;</case>'.encode("utf-16"),
        b"<case><mark><image>1</image><svg>[{]</svg></mark></case>",
        b'<case><mark><image>1</image><svg>[{"points": [1, 2]}]</svg></mark></case>',
        b"<case>" * 100_000,
        b"<?xml version='1.0' encoding='UFF-8'?><case/>",
        b"<?xml version='1.0' encoding='shift_jis'?><case/>",
    ],
)
def test_xml_that_is_no_ddti_is_damaged(content):
    with pytest.raises(ScanError) as caught:
        read_ddti(file(content), MaskLabel(), "1")
    assert caught.value.reason == "damaged"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[" * 100_000,
        b"[]",
        b"{}",
        b'{"shapes": [1]}',
        b'{"shapes": [{"label": "a", "points": [[1]]}]}',
        b'{"shapes": [{"label": "a", "points": [[1, 2], [3, 1e999], [NaN, 2]]}]}',
        b'{"images": [{}], "annotations": [], "categories": [{"id": 1, "name": "a"}]}',
        b'{"images": [], "annotations": [], "categories": []}',
    ],
)
def test_json_of_no_tool_is_damaged(content):
    for read in (read_labelme, read_coco):
        with pytest.raises(ScanError) as caught:
            read(file(content), MaskLabel())
        assert caught.value.reason == "damaged"


def test_a_new_form_of_masks_is_an_entry_in_the_table(tmp_path, monkeypatch):
    from pipeline.preprocessing.inputs.find_scans import find_scans
    from tfgan_thyroid.data.masks.formats import MASK_FORMATS, read_mask
    from tfgan_thyroid.data.masks.mask_format import MaskFormat
    from tfgan_thyroid.data.masks.outlines import Outlines, rectangle

    def read_box(file, label, part):
        return Outlines((rectangle(*map(float, file.read().split())),))

    monkeypatch.setitem(MASK_FORMATS, "box", MaskFormat("box", "box files", (".box",), lambda file: True, read_box))
    (tmp_path / "scans").mkdir()
    Image.fromarray(np.zeros((HEIGHT, WIDTH), np.uint8)).save(tmp_path / "scans" / "a.png")
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "a.box").write_text("10 5 20 15")
    (scan,) = find_scans(str(tmp_path / "scans"), str(tmp_path / "masks"))
    np.testing.assert_array_equal(read_mask(scan.mask, (HEIGHT, WIDTH), MaskLabel())[0], square())
