"""Whatever bytes a file holds, reading it gives grey levels or a reason, and nothing else."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.data.dicom_maker import JPEG, JPEG_2000, LITTLE, RLE, dicom_bytes, smooth
from tfgan_thyroid.data.scans.reader import read_scans
from tfgan_thyroid.data.scans.scan import ScanError
from tfgan_thyroid.data.scans.sources import Source
from tfgan_thyroid.data.scans.zip_archives import list_members


def picture(form, **options):
    buffer = io.BytesIO()
    Image.fromarray(smooth()[0]).save(buffer, form, **options)
    return buffer.getvalue()


def archive():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.png", picture("PNG"))
    return buffer.getvalue()


SOUND = {
    "png": picture("PNG"),
    "jpg": picture("JPEG"),
    "bmp": picture("BMP"),
    "tif": picture("TIFF"),
    "lzw": picture("TIFF", compression="tiff_lzw"),
    **{f"dicom {index}": dicom_bytes(smooth(), syntax=s) for index, s in enumerate((LITTLE, RLE, JPEG, JPEG_2000))},
}
CHANGES = st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=6), st.integers(0, 40)), min_size=1, max_size=4)


def changed(content, changes):
    """`content` with a few stretches replaced by other bytes, perhaps more or fewer of them."""
    for place, new, dropped in changes:
        start = int(place * len(content))
        content = content[:start] + new + content[start + dropped :]
    return content


@pytest.mark.parametrize("kind", SOUND)
@settings(deadline=None, derandomize=True, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES)
def test_changed_bytes_give_grey_levels_or_a_reason(tmp_path, kind, changes):
    path = tmp_path / "file"
    path.write_bytes(changed(SOUND[kind], changes))
    try:
        scans = list(read_scans(Source(bytes(path))))
    except ScanError as error:
        assert error.reason and error.detail
    else:
        assert all(scan.pixels.dtype == np.uint8 and scan.pixels.ndim == 2 for scan in scans)


@settings(
    deadline=None, derandomize=True, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=CHANGES)
def test_changed_archives_give_members_or_a_reason(tmp_path, changes):
    path = tmp_path / "file.zip"
    path.write_bytes(changed(archive(), changes))
    try:
        for index, _ in list_members(bytes(path)):
            assert [scan.pixels.shape for scan in read_scans(Source(bytes(path), index))] == [(32, 48)]
    except ScanError as error:
        assert error.reason and error.detail


@pytest.mark.parametrize("kind", SOUND)
def test_the_format_is_told_by_the_content_and_not_by_the_name(tmp_path, kind):
    path = tmp_path / "IM000001.png"
    path.write_bytes(SOUND[kind])
    (scan,) = read_scans(Source(bytes(path)))
    assert np.abs(scan.pixels.astype(int) - smooth()[0]).max() <= (3 if kind in ("jpg", "dicom 2") else 0)
