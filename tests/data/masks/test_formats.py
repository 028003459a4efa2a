"""Polygons of annotation tools: what each format says becomes the pixels that were outlined."""

import io
import json

import numpy as np
import pytest

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
    return draw(read_labelme(file(document), MaskLabel(label, may_be_absent)), HEIGHT, WIDTH)


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


def coco(annotations, categories=("nodule",), label=None, **options):
    document = {
        "images": [{"id": 7, "file_name": "p1/a.png", "height": HEIGHT, "width": WIDTH}],
        "annotations": [{"image_id": 7, **annotation} for annotation in annotations],
        "categories": [{"id": index + 1, "name": name} for index, name in enumerate(categories)],
    }
    found = read_coco(file(document), MaskLabel(label, **options))["p1/a.png"]
    if isinstance(found, ScanError):
        raise found
    return draw(found, HEIGHT, WIDTH)


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


def test_coco_run_lengths_are_refused_for_that_scan_alone():
    with pytest.raises(ScanError, match="export polygons"):
        coco([{"category_id": 1, "segmentation": {"counts": [0, 10], "size": [40, 60]}}])


DDTI = """<?xml version="1.0" encoding="UTF-8"?>
<case><number>12</number><age>49</age><tirads>4a</tirads>
<mark><image>1</image><svg>[{"points": [{"x": 10, "y": 5}, {"x": 20, "y": 5}, {"x": 20, "y": 15},
 {"x": 10, "y": 15}], "annotation": {}, "regionType": "freehand"}]</svg></mark>
<mark><image>2</image><svg></svg></mark></case>"""


def test_ddti_outlines_belong_to_an_image_of_the_case():
    np.testing.assert_array_equal(draw(read_ddti(file(DDTI.encode()), 1), HEIGHT, WIDTH), square())
    for image in (2, 3):
        with pytest.raises(ScanError, match=f"nothing is outlined on image {image}"):
            read_ddti(file(DDTI.encode()), image)
    with pytest.raises(ScanError, match="scan 18x40 pixels"):
        draw(read_ddti(file(DDTI.encode()), 1), HEIGHT, 18)


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
        read_ddti(file(content), 1)
    assert caught.value.reason == "damaged"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\xff",
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
