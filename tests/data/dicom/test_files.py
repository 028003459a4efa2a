import io

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file

from tests.data import dicom_maker as maker
from tests.data.dicom_maker import JPEG, JPEG_2000, LITTLE, RLE, dicom_bytes, region, smooth
from tfgan_thyroid.data.dicom.files import decode_frames
from tfgan_thyroid.data.scans.scan import LostFrame, ScanError

LOSSLESS = {
    "plain": LITTLE,
    "implicit VR": maker.IMPLICIT,
    "big endian": maker.BIG,
    "RLE": RLE,
    "JPEG lossless": maker.JPEG_LOSSLESS,
    "JPEG lossless, first order": maker.JPEG_LOSSLESS_SV1,
    "JPEG-LS": maker.LS,
    "JPEG 2000": JPEG_2000,
    "high-throughput JPEG 2000": maker.HIGH_THROUGHPUT,
    "high-throughput JPEG 2000, RPCL": maker.HIGH_THROUGHPUT_RPCL,
}
LOSSY = {
    "JPEG extended": maker.EXTENDED,
    "JPEG-LS, nearly lossless": maker.LS_NEAR,
    "JPEG 2000, lossy": maker.JPEG_2000_LOSSY,
}
lossless = pytest.mark.parametrize("syntax", LOSSLESS.values(), ids=LOSSLESS)
lossy = pytest.mark.parametrize("syntax", [JPEG, *LOSSY.values()], ids=["JPEG", *LOSSY])


def read(content, white_level=65535):
    return list(decode_frames(io.BytesIO(content), white_level))


def pixels(content, **options):
    (scan,) = read(content, **options)
    return scan.pixels


def refusal(content):
    with pytest.raises(ScanError) as caught:
        read(content)
    return caught.value.reason


def colours():
    red = smooth()[0]
    return np.stack([red, red[::-1], red[:, ::-1]], axis=-1)[None]


def luma(rgb):
    return np.asarray(Image.fromarray(rgb).convert("L"))


@lossless
def test_grey_levels_come_through_every_lossless_syntax(syntax):
    np.testing.assert_array_equal(pixels(dicom_bytes(smooth(), syntax=syntax)), smooth()[0])


@lossy
def test_grey_levels_come_near_through_every_lossy_syntax(syntax):
    assert np.abs(pixels(dicom_bytes(smooth(), syntax=syntax)).astype(int) - smooth()[0]).max() <= 3


@lossless
def test_colour_becomes_luma(syntax):
    np.testing.assert_array_equal(pixels(dicom_bytes(colours(), "RGB", syntax)), luma(colours()[0]))


@pytest.mark.parametrize("syntax", LOSSY.values(), ids=LOSSY)
def test_lossy_colour_becomes_luma_nearly(syntax):
    photometric = "YBR_FULL_422" if syntax == maker.EXTENDED else "RGB"  # as its encoder stores them
    found = pixels(dicom_bytes(colours(), photometric, syntax))
    assert np.abs(found.astype(int) - luma(colours()[0])).max() <= 4


def test_subsampled_ybr_is_read_plain_and_in_jpeg():
    compressed = pixels(dicom_bytes(colours(), "YBR_FULL_422", JPEG))
    assert np.abs(compressed.astype(int) - luma(colours()[0])).max() <= 4
    # Plain: two pixels share their colour, and lie as Y Y Cb Cr; with neutral colour, Y is the grey level.
    grey = smooth()[0]
    neutral = np.full_like(grey[:, ::2], 128)
    stored = np.stack([grey[:, ::2], grey[:, 1::2], neutral, neutral], axis=-1)
    content = dicom_bytes(np.repeat(smooth()[..., None], 3, axis=-1), "YBR_FULL_422", PixelData=b"")
    data = pydicom.dcmread(io.BytesIO(content))
    data.PixelData = stored.tobytes()
    buffer = io.BytesIO()
    data.save_as(buffer)
    np.testing.assert_array_equal(pixels(buffer.getvalue()), grey)


def test_monochrome1_is_turned_over():
    np.testing.assert_array_equal(pixels(dicom_bytes(smooth(), "MONOCHROME1")), 255 - smooth()[0])
    twelve = smooth(largest=4095, dtype=np.uint16)
    expected = np.floor((4095 - twelve[0].astype(float)) * 255 / 4095 + 0.5)
    assert np.abs(pixels(dicom_bytes(twelve, "MONOCHROME1", bits=12)) - expected).max() <= 1


@lossless
def test_more_than_eight_bits_scale_by_the_range_of_the_header_or_by_the_white_level(syntax):
    stored = smooth(largest=4095, dtype=np.uint16)
    content = dicom_bytes(stored, syntax=syntax, bits=12)
    values = stored[0].astype(float)
    np.testing.assert_array_equal(pixels(content), np.floor(values * 255 / 4095 + 0.5))
    expected = np.floor(np.minimum(values, 1023) * 255 / 1023 + 0.5)
    np.testing.assert_array_equal(pixels(content, white_level=1023), expected)


@pytest.mark.parametrize("syntax", LOSSY.values(), ids=LOSSY)
def test_lossy_syntaxes_keep_twelve_bits(syntax):
    stored = smooth(largest=4095, dtype=np.uint16)
    found = pixels(dicom_bytes(stored, syntax=syntax, bits=12), white_level=1023)
    # One grey level is four stored values, which 8 bits would leave out.
    difference = np.abs(found - np.minimum(stored[0] / 1023, 1) * 255)
    assert difference.max() <= 4
    assert difference.mean() <= 1


def test_more_bits_than_the_header_states_are_white_in_a_frame_and_no_part_of_the_picture_where_it_is_plain():
    stored = smooth(largest=1000, dtype=np.uint16)
    found = pixels(dicom_bytes(stored, syntax=maker.LS, bits=8))
    np.testing.assert_array_equal(found, np.minimum(stored[0], 255))
    # Old files keep overlays in the bits above.
    np.testing.assert_array_equal(pixels(dicom_bytes(stored, bits=8)), stored[0] & 255)


@pytest.mark.parametrize("syntax", [*LOSSLESS.values(), JPEG, *LOSSY.values()], ids=[*LOSSLESS, "JPEG", *LOSSY])
def test_each_frame_is_a_scan_of_the_same_patient(syntax):
    frames = smooth(frames=3)
    scans = read(dicom_bytes(frames, syntax=syntax))
    assert [scan.frame for scan in scans] == [1, 2, 3]
    assert len({scan.group for scan in scans}) == 1
    for scan, frame in zip(scans, frames, strict=True):
        assert np.abs(scan.pixels.astype(int) - frame).max() <= (0 if syntax in LOSSLESS.values() else 3)


def test_a_palette_is_looked_up():
    levels = np.arange(256, dtype=np.uint16) << 8
    palette = {}
    for name, values in (("Red", levels), ("Green", levels[::-1]), ("Blue", levels)):
        palette[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        palette[f"{name}PaletteColorLookupTableData"] = values.tobytes()
    stored = smooth()
    rgb = np.stack([stored[0], 255 - stored[0], stored[0]], axis=-1)
    np.testing.assert_array_equal(pixels(dicom_bytes(stored, "PALETTE COLOR", **palette)), luma(rgb))


def test_the_largest_tissue_region_is_told_with_its_ends_excluded():
    regions = [region(0, 0, 3, 3), region(10, 5, 40, 30), region(0, 0, 47, 31, data_type=2)]
    (scan,) = read(dicom_bytes(smooth(), SequenceOfUltrasoundRegions=regions))
    assert scan.region == (10, 5, 41, 31)
    (scan,) = read(dicom_bytes(smooth(), SequenceOfUltrasoundRegions=[region(10, 5, 48, 32)]))
    assert scan.region == (10, 5, 48, 32)  # a scanner that writes the size instead of the last pixel
    (scan,) = read(dicom_bytes(smooth(), SequenceOfUltrasoundRegions=[region(60, 0, 70, 9)]))
    assert scan.region is None


def test_patients_are_told_apart_and_named_by_hashes_alone():
    groups = [read(dicom_bytes(smooth(), patient=patient))[0].group for patient in ("A", "A ", "B", "")]
    assert groups[0] == groups[1]
    assert len(set(groups)) == 3  # without a patient, the study
    assert all(len(group) == 64 and set(group) <= set("0123456789abcdef") for group in groups)
    assert read(dicom_bytes(smooth(), patient="", StudyInstanceUID=""))[0].group is None


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [("SC_rgb_jpeg_gdcm.dcm", 0), ("SC_rgb_rle.dcm", 0), ("SC_rgb_gdcm_KY.dcm", 0), ("SC_rgb_jls_lossy_line.dcm", 5)],
)
def test_other_programs_files_hold_the_same_picture(name, tolerance):
    """JPEG lossless, RLE, JPEG 2000 and JPEG-LS in files that come with pydicom, of a chart of colours."""
    paths = [get_testdata_file(one, download=False) for one in (name, "SC_rgb_rle.dcm")]
    with open(paths[0], "rb") as file:
        found = pixels(file.read())
    assert np.abs(found.astype(int) - luma(pydicom.pixels.pixel_array(paths[1]))).max() <= tolerance


def test_what_is_no_picture_is_refused_by_its_reason():
    def named(name):
        with open(get_testdata_file(name, download=False), "rb") as file:
            return file.read()

    assert refusal(named("test-SR.dcm")) == "not an image"
    assert refusal(named("image_dfl.dcm")) == "unsupported transfer syntax"
    assert refusal(named("CT_small.dcm")) == "unsupported pixel format"  # signed values
    assert refusal(named("meta_missing_tsyntax.dcm")) == "damaged"
    assert refusal(named("liver_1frame.dcm")) == "unsupported pixel format"  # 1 bit


@pytest.mark.parametrize("syntax", [*LOSSLESS.values(), JPEG, *LOSSY.values()], ids=[*LOSSLESS, "JPEG", *LOSSY])
@pytest.mark.parametrize("kept", [140, 0.3, 0.6, 0.97])
def test_a_cut_file_is_refused(syntax, kept):
    content = dicom_bytes(smooth(), syntax=syntax)
    assert refusal(content[: kept if isinstance(kept, int) else int(kept * len(content))]) in ("truncated", "damaged")


def test_a_frame_that_claims_another_size_is_not_decoded():
    content = dicom_bytes(smooth(), syntax=JPEG)
    start = content.index(b"\xff\xc0") + 5
    assert refusal(content[:start] + b"\xff\xf0\xff\xf0" + content[start + 4 :]) == "damaged"
    content = dicom_bytes(smooth(), syntax=JPEG_2000)
    start = content.index(b"\xff\x4f\xff\x51") + 8
    assert refusal(content[:start] + b"\x00\x0f\xff\xff" * 2 + content[start + 8 :]) == "damaged"


@pytest.mark.parametrize("syntax", [RLE, maker.JPEG_LOSSLESS, maker.LS, JPEG_2000], ids=["RLE", "JPEG", "LS", "2000"])
@pytest.mark.parametrize("photometric", ["MONOCHROME2", "RGB"])
def test_odd_sizes_and_speckle_come_through(syntax, photometric):
    speckle = np.random.default_rng(0).integers(0, 256, (2, 33, 47, 3), dtype=np.uint8)
    frames = speckle if photometric == "RGB" else np.ascontiguousarray(speckle[..., 0])
    expected = list(map(luma, speckle)) if photometric == "RGB" else list(frames)
    for scan, frame in zip(read(dicom_bytes(frames, photometric, syntax)), expected, strict=True):
        np.testing.assert_array_equal(scan.pixels, frame)


def test_run_lengths_unpack_to_no_more_than_the_header_states():
    data = pydicom.dcmread(io.BytesIO(dicom_bytes(smooth(), syntax=RLE)))
    runs = b"\x81\x07" * 100_000  # each stands for 128 bytes
    frame = (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56) + runs
    data.PixelData = pydicom.encaps.encapsulate([frame])
    buffer = io.BytesIO()
    data.save_as(buffer)
    assert refusal(buffer.getvalue()) == "damaged"


@pytest.mark.parametrize(
    "syntax", [*list(LOSSLESS.values())[3:], JPEG, *LOSSY.values()], ids=[*list(LOSSLESS)[3:], "JPEG", *LOSSY]
)
def test_a_frame_with_wrong_bytes_is_read_or_refused_and_ends_nothing(syntax):
    speckle = np.random.default_rng(0).integers(0, 256, (1, 32, 36), dtype=np.uint8)
    content = dicom_bytes(speckle, syntax=syntax)
    start = content.index(b"\xe0\x7f\x10\x00") + 12
    rng = np.random.default_rng(1)
    reasons = set()
    for _ in range(150):
        spoilt = bytearray(content)
        for _ in range(rng.integers(1, 6)):
            spoilt[rng.integers(start, min(len(spoilt), start + 200))] = rng.choice([0, 1, 127, 128, 255])
        try:
            read(bytes(spoilt))
        except ScanError as error:
            reasons.add(error.reason)
    assert reasons and reasons <= {"damaged", "truncated", "unsupported pixel format", "decompression bomb"}


def test_jpeg_2000_in_boxes_is_read_and_a_box_without_length_does_not_hold_it_up():
    data = pydicom.dcmread(io.BytesIO(dicom_bytes(smooth(), syntax=JPEG_2000)))
    (frame,) = pydicom.encaps.generate_frames(data.PixelData, number_of_frames=1)
    for length in (8, 0):
        boxes = b"\0\0\0\x0cjP  \r\n\x87\n" + length.to_bytes(4, "big") + b"free" + b"\0\0\0\0jp2c"
        data.PixelData = pydicom.encaps.encapsulate([boxes + frame])
        buffer = io.BytesIO()
        data.save_as(buffer)
        np.testing.assert_array_equal(pixels(buffer.getvalue()), smooth()[0])


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"Rows": 65535, "Columns": 65535}, "decompression bomb"),
        ({"NumberOfFrames": 2_000_000_000}, "damaged"),
        ({"NumberOfFrames": 9_000}, "truncated"),
        ({"Rows": 0}, "damaged"),
        ({"BitsAllocated": 32}, "unsupported pixel format"),
        ({"PixelRepresentation": 1}, "unsupported pixel format"),
        ({"PhotometricInterpretation": "HSV"}, "unsupported pixel format"),
        ({"SamplesPerPixel": 3}, "unsupported pixel format"),
    ],
)
def test_absurd_headers_are_refused(tags, reason):
    assert refusal(dicom_bytes(smooth(), **tags)) == reason


@pytest.mark.parametrize(
    "syntax", [RLE, JPEG, maker.JPEG_LOSSLESS, maker.LS, JPEG_2000], ids=lambda syntax: syntax.name
)
def test_a_broken_frame_costs_that_frame_alone(syntax):
    content = dicom_bytes(smooth(frames=4), syntax=syntax)
    data = pydicom.dcmread(io.BytesIO(content))
    frames = list(pydicom.encaps.generate_frames(data.PixelData, number_of_frames=4))
    data.PixelData = pydicom.encaps.encapsulate([frames[0], frames[1][:70], *frames[2:]])
    buffer = io.BytesIO()
    data.save_as(buffer)
    first, lost, *rest = read(buffer.getvalue())
    assert isinstance(lost, LostFrame) and lost.frame == 2 and lost.error.reason in ("truncated", "damaged")
    assert [scan.frame for scan in (first, *rest)] == [1, 3, 4]
    for scan in (first, *rest):
        assert np.abs(scan.pixels.astype(int) - smooth(frames=4)[scan.frame - 1]).max() <= 3


def test_a_clip_that_ends_early_gives_the_frames_before_its_end():
    content = dicom_bytes(smooth(frames=4), syntax=JPEG)
    fragments = content.rindex(b"\xfe\xff\x00\xe0")  # of the last frame, which is taken out
    frames = decode_frames(io.BytesIO(content[:fragments]), 65535)
    assert [next(frames).frame for _ in range(3)] == [1, 2, 3]
    with pytest.raises(ScanError, match="frame 4"):
        next(frames)
