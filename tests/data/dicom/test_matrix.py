"""Every transfer syntax that the reader claims with every photometric interpretation, and all other choices in pairs.

The truth is the array before it was encoded; for lossy JPEG also what GDCM, which the reader does not use, decodes.
"""

import io
import itertools
import random
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import UID

from tests.data import dicom_maker as maker
from tests.data.dicom import stored_cases as cases
from tests.data.dicom.stored_cases import Case, expected_grey, stored_file, stored_samples
from tfgan_thyroid.data.dicom.files import decode_frames
from tfgan_thyroid.data.dicom.layout import SYNTAXES
from tfgan_thyroid.data.scans.scan import ScanError

CHOICES = {
    "syntax": cases.SYNTAXES,
    "photometric": cases.PHOTOMETRIC,
    "depth": [(8, 8, 7), (8, 6, 5), (16, 16, 15), (16, 12, 11), (16, 12, 15), (16, 10, 9)],
    "size": [(32, 48), (33, 47)],
    "planar": [0, 1],
    "subsampled": [True, False],
    "frames": [1, 3],
    "padding": [0, 64],
    "marked": [True, False],
    "vr": ["OB", "OW"],
}
DOCS = Path(__file__).parents[3] / "docs" / "data.md"
ROUNDING = 1.0  # to integers, once in the file and once in the grey level
LOSS = 4.0  # of smooth ramps at the encoders' highest qualities


def read(content):
    scans = list(decode_frames(io.BytesIO(content), 65535))
    return np.stack([scan.pixels for scan in scans]).astype(float)


def difference(case):
    """The largest difference of a grey level from the truth."""
    samples = stored_samples(case)
    return np.abs(read(stored_file(case, samples)) - expected_grey(case, samples)).max()


def tolerance(case):
    return LOSS if case.is_lossy else ROUNDING


def pairs(case):
    return frozenset(itertools.combinations([(name, getattr(case, name)) for name in CHOICES], 2))


def covering_cases():
    """Cases in which each two choices that can meet do so at least once, by a fixed seed."""
    pairs_of = {
        case: pairs(case) for values in itertools.product(*CHOICES.values()) if (case := Case(*values)).exists()
    }
    draw = random.Random(0).sample
    missing = dict.fromkeys(itertools.chain.from_iterable(pairs_of.values()))
    while missing:
        wanted = next(iter(missing))
        fitting = [case for case, of_case in pairs_of.items() if wanted in of_case]
        best = max(draw(fitting, min(20, len(fitting))), key=lambda case: len(pairs_of[case] & missing.keys()))
        for pair in pairs_of[best]:
            missing.pop(pair, None)
        yield best


@pytest.mark.parametrize("syntax", cases.SYNTAXES, ids=lambda syntax: syntax.name)
def test_every_choice_of_storing_a_frame_meets_every_other_and_looks_the_same(syntax, covering):
    for case in covering[syntax]:
        assert difference(case) <= tolerance(case), case


@pytest.fixture(scope="module")
def covering():
    by_syntax = {syntax: [] for syntax in cases.SYNTAXES}
    for case in covering_cases():
        by_syntax[case.syntax].append(case)
    assert 100 < sum(map(len, by_syntax.values())) < 400
    return by_syntax


def table():
    """The matrix as Markdown, each cell found by reading such a file."""
    rows = [["transfer syntax", *cases.PHOTOMETRIC], ["---"] * (1 + len(cases.PHOTOMETRIC))]
    for syntax in cases.SYNTAXES:
        name = f"{UID(syntax).name.split(' (')[0]}, {syntax.removeprefix('1.2.840.10008.')}"
        rows.append([name, *(cell(syntax, photometric) for photometric in cases.PHOTOMETRIC)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def cell(syntax, photometric):
    case = Case(syntax, photometric)
    try:
        error = difference(case)
    except ScanError as refused:
        assert refused.reason == "unsupported pixel format"
        return "refused"
    assert error <= tolerance(case)
    return "lossy" if case.is_lossy else "exact"


def test_the_printed_matrix_is_what_the_reader_does():
    assert set(cases.SYNTAXES) == set(SYNTAXES)
    printed = table()
    assert printed in DOCS.read_text(encoding="utf-8"), f"docs/data.md should have:\n{printed}"


@pytest.mark.parametrize("syntax", cases.LOSSY_JPEG, ids=lambda syntax: syntax.name)
@pytest.mark.parametrize("photometric", ["MONOCHROME2", "RGB", "YBR_FULL", "YBR_FULL_422"])
def test_lossy_jpeg_looks_as_gdcm_decodes_it(syntax, photometric, tmp_path):
    gdcm = pytest.importorskip(
        "gdcm", reason="GDCM, a decoder for comparison, is not installed: pip install python-gdcm"
    )
    for depth in [(8, 8, 7)] if syntax == maker.JPEG else [(8, 8, 7), (16, 12, 11)]:
        case = Case(syntax, photometric, depth, size=(33, 47))
        content = stored_file(case, stored_samples(case))
        (tmp_path / "a.dcm").write_bytes(content)
        reader = gdcm.ImageReader()
        reader.SetFileName(str(tmp_path / "a.dcm"))
        assert reader.Read()
        image = reader.GetImage()
        planar = image.GetPlanarConfiguration()
        samples = np.frombuffer(
            image.GetBuffer().encode("utf-8", "surrogateescape"), np.uint8 if depth[0] == 8 else np.uint16
        )
        if photometric == "MONOCHROME2":
            samples = samples.reshape(1, *case.size)
        elif planar:
            samples = np.moveaxis(samples.reshape(1, 3, *case.size), 1, -1)
        else:
            samples = samples.reshape(1, *case.size, 3)
        # The standard leaves a decoder one level of freedom for each sample.
        assert np.abs(read(content) - expected_grey(case, samples)).max() <= 2
