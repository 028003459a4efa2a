"""Headers and pixels that disagree: what is stored is what a correct reader shows, or the file is refused."""

import io

import numpy as np
import pytest
from pydicom.encaps import encapsulate

from tests.data import dicom_maker as maker
from tests.data.dicom.stored_cases import Case, expected_grey, native, run_lengths, stored_samples, without_markers
from tests.data.dicom.test_files import luma, pixels, refusal
from tests.data.dicom_maker import JPEG, LITTLE, file_bytes, header, jpeg, smooth
from tfgan_thyroid.data.dicom.files import decode_frames
from tfgan_thyroid.data.scans.scan import ScanError

HEIGHT, WIDTH = 32, 48


def file(content, samples, photometric, syntax=LITTLE, vr=None, bits=8, **tags):
    """A file whose header describes `samples`, and whose pixels are `content`: bytes, or compressed frames."""
    data = header(samples, photometric, bits, "patient-7")
    for keyword, value in tags.items():
        setattr(data, keyword, value)
    return file_bytes(data, content if isinstance(content, bytes) else encapsulate(content), syntax, vr)


def detail(content):
    with pytest.raises(ScanError) as caught:
        list(decode_frames(io.BytesIO(content), 65535))
    return caught.value.detail


def colours():
    return np.stack([smooth()[0], smooth()[0][::-1], smooth()[0][:, ::-1]], axis=-1)


@pytest.mark.parametrize("size", [(32, 48), (33, 47)])
@pytest.mark.parametrize("frames", [1, 2])
def test_the_length_of_the_pixels_tells_whether_ybr_is_subsampled(size, frames):
    for subsampled in (True, False):
        case = Case(LITTLE, "YBR_FULL_422", size=size, subsampled=subsampled, frames=frames)
        samples = stored_samples(case)
        content = b"".join(native(case, frame) for frame in samples)
        content = file(content + b"\0" * (len(content) % 2), samples, "YBR_FULL_422")
        found = np.stack([scan.pixels for scan in decode_frames(io.BytesIO(content), 65535)])
        assert np.abs(found - expected_grey(case, samples)).max() <= 1


def test_odd_rows_of_subsampled_ybr_that_run_into_each_other_are_refused():
    samples = stored_samples(Case(LITTLE, "YBR_FULL_422", size=(32, 47)))
    assert refusal(file(bytes(32 * 47 * 2), samples, "YBR_FULL_422")) == "truncated"


@pytest.mark.parametrize("stated", [{"BitsAllocated": 8}, {"NumberOfFrames": 1}, {"Rows": HEIGHT - 1}])
def test_more_pixels_than_the_header_has_room_for_are_refused(stated):
    samples = smooth(frames=2, dtype=np.uint16)
    assert "which the header's layout does not fill" in detail(
        file(samples.tobytes(), samples, "MONOCHROME2", **stated)
    )


def test_less_than_a_row_of_padding_is_left_aside():
    np.testing.assert_array_equal(pixels(file(smooth().tobytes() + bytes(20), smooth(), "MONOCHROME2")), smooth()[0])


@pytest.mark.parametrize("frames", [1, 3])
def test_words_of_big_endian_files_are_swapped_also_for_eight_bits_and_frames_of_odd_length(frames):
    samples = smooth(33, 47, frames)
    content = samples.tobytes() + b"\0" * (samples.size % 2)
    words = np.frombuffer(content, np.uint16).byteswap().tobytes()
    for vr, stored in (("OW", words), ("OB", content)):
        scans = decode_frames(io.BytesIO(file(stored, samples, "MONOCHROME2", maker.BIG, vr)), 65535)
        np.testing.assert_array_equal([scan.pixels for scan in scans], samples)


def test_bits_that_do_not_start_at_the_lowest_are_shifted_plain_and_in_run_lengths_and_refused_in_streams():
    samples = smooth(largest=4095, dtype=np.uint16)
    expected = np.floor(samples[0] * (255 / 4095) + 0.5)
    stored = samples << 4 | 5  # what stands in the unused bits does not matter
    np.testing.assert_array_equal(pixels(file(stored.tobytes(), samples, "MONOCHROME2", bits=12, HighBit=15)), expected)
    runs = file([run_lengths(stored[0])], samples, "MONOCHROME2", maker.RLE, bits=12, HighBit=15)
    np.testing.assert_array_equal(pixels(runs), expected)
    stream = maker.compress(stored[0], maker.LS, 16)
    assert refusal(file([stream], samples, "MONOCHROME2", maker.LS, bits=12, HighBit=15)) == "unsupported pixel format"
    assert refusal(file(stored.tobytes(), samples, "MONOCHROME2", bits=12, HighBit=10)) == "damaged"
    assert refusal(file(stored.tobytes(), samples, "MONOCHROME2", bits=12, HighBit=16)) == "damaged"


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("stated", ["RGB", "YBR_FULL", "YBR_FULL_422"])
def test_a_jpeg_stream_is_believed_on_its_colours(subsampling, marked, stated):
    stream = jpeg(colours(), subsampling=subsampling)
    content = file([stream if marked else without_markers(stream)], colours()[None], stated, JPEG)
    if not marked and not subsampling and stated == "RGB":  # nothing but the header says what these are
        assert np.abs(pixels(content).astype(int) - luma(colours())).max() > 20
    else:
        assert np.abs(pixels(content).astype(int) - luma(colours())).max() <= 4


@pytest.mark.parametrize("stated", ["RGB", "YBR_FULL_422"])
def test_a_jpeg_stream_that_says_rgb_is_rgb(stated):
    content = file([jpeg(colours(), keep_rgb=True)], colours()[None], stated, JPEG)
    assert np.abs(pixels(content).astype(int) - luma(colours())).max() <= 4


@pytest.mark.parametrize("syntax", [JPEG, maker.JPEG_LOSSLESS, maker.LS, maker.JPEG_2000], ids=lambda uid: uid.name)
def test_a_grey_stream_is_grey_whatever_the_header_says_and_colour_in_a_grey_file_is_named(syntax):
    grey, colour = (
        jpeg(samples) if syntax == JPEG else maker.compress(samples, syntax, 8) for samples in (smooth()[0], colours())
    )
    for stated in ("RGB", "YBR_FULL_422"):
        found = pixels(file([grey], colours()[None], stated, syntax))
        assert np.abs(found.astype(int) - smooth()[0]).max() <= 3
    for stated in ("MONOCHROME1", "MONOCHROME2"):
        assert "3 samples a pixel; the header says 1" in detail(file([colour], smooth(), stated, syntax))


def test_run_lengths_of_other_samples_than_the_header_states_are_read_as_grey_or_refused():
    np.testing.assert_array_equal(
        pixels(file([run_lengths(smooth()[0])], colours()[None], "RGB", maker.RLE)), smooth()[0]
    )
    assert "3 samples" in detail(file([run_lengths(colours())], smooth(), "MONOCHROME2", maker.RLE))


@pytest.mark.parametrize("zeros", [1, 15, 64, 4096])
@pytest.mark.parametrize("syntax", [JPEG, maker.JPEG_LOSSLESS, maker.LS, maker.JPEG_2000], ids=lambda uid: uid.name)
def test_zeros_after_a_stream_are_padding(syntax, zeros):
    stream = jpeg(smooth()[0]) if syntax == JPEG else maker.compress(smooth()[0], syntax, 8)
    found = pixels(file([stream + bytes(zeros)], smooth(), "MONOCHROME2", syntax))
    assert np.abs(found.astype(int) - smooth()[0]).max() <= 3
    assert refusal(file([stream[:-20] + bytes(zeros)], smooth(), "MONOCHROME2", syntax)) == "truncated"


def test_a_stream_of_fewer_bits_says_what_is_white_and_one_of_more_than_fit_is_refused():
    twelve = smooth(largest=4095, dtype=np.uint16)
    stream = maker.compress(twelve[0], maker.JPEG_LOSSLESS, 12)
    found = pixels(file([stream], twelve, "MONOCHROME2", maker.JPEG_LOSSLESS, bits=16))
    np.testing.assert_array_equal(found, np.floor(twelve[0] * (255 / 4095) + 0.5))
    assert "12 bits; the header says 8" in detail(file([stream], smooth(), "MONOCHROME2", maker.JPEG_LOSSLESS))


def test_jpeg_2000_is_refused_where_its_colour_transformation_denies_the_header():
    import imagecodecs

    for stated, transformed in (("YBR_FULL", True), ("YBR_RCT", False), ("YBR_ICT", False)):
        stream = imagecodecs.jpeg2k_encode(colours(), level=0, codecformat="j2k", mct=transformed)
        assert "colour transformation" in detail(file([stream], colours()[None], stated, maker.JPEG_2000))
    for transformed in (True, False):
        stream = imagecodecs.jpeg2k_encode(colours(), level=0, codecformat="j2k", mct=transformed)
        found = pixels(file([stream], colours()[None], "RGB", maker.JPEG_2000))
        np.testing.assert_array_equal(found, luma(colours()))


def test_colour_of_more_than_eight_bits_is_scaled_by_the_white_level_as_grey_is():
    samples = (colours()[None].astype(np.uint32) * 4095 // 255).astype(np.uint16)
    found = pixels(file(samples.tobytes(), samples, "RGB", bits=16), white_level=4095)
    assert np.abs(found.astype(int) - luma(colours())).max() <= 1


@pytest.mark.parametrize(("bits", "largest"), [(16, 255), (8, 65535)])
def test_a_palette_whose_entries_are_not_of_the_bits_that_it_states_is_refused(bits, largest):
    entries = np.linspace(0, largest, 256).astype("<u2").tobytes()
    palette = {f"{name}PaletteColorLookupTableData": entries for name in ("Red", "Green", "Blue")}
    palette |= {f"{name}PaletteColorLookupTableDescriptor": [256, 0, bits] for name in ("Red", "Green", "Blue")}
    content = file(smooth().tobytes(), smooth(), "PALETTE COLOR", **palette)
    assert "a palette of" in detail(content)


def test_compressed_frames_in_a_plain_syntax_and_plain_ones_in_a_compressed_are_refused():
    data = header(smooth(), "MONOCHROME2", 8, "patient-7")
    content = file_bytes(data, encapsulate([jpeg(smooth()[0])]), JPEG)
    plain = content.replace(str(JPEG).encode(), str(LITTLE).encode().ljust(len(JPEG), b"\0"))
    assert "does not say how" in detail(plain)
    content = file(smooth().tobytes(), smooth(), "MONOCHROME2", maker.IMPLICIT)
    assert refusal(content.replace(str(maker.IMPLICIT).encode() + b"\0", b"1.2.840.10008.1.2.5\0")) == "damaged"
