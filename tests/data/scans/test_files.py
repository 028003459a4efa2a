import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tfgan_thyroid.data.scans.files import ScanError, encode_png, load_grey

GREY = np.random.default_rng(0).integers(0, 256, (30, 40), dtype=np.uint8)


def saved(path, image, **options):
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(path, **options)
    return path


def refusal(path):
    with pytest.raises(ScanError) as caught:
        load_grey(path)
    return caught.value.reason


@pytest.mark.parametrize(
    ("extension", "mode"),
    [(extension, mode) for extension in ("png", "bmp", "tif") for mode in ("L", "RGB", "RGBA", "P")]
    + [("png", "LA"), ("tif", "LA")],
)
def test_grey_pixels_come_through_every_lossless_format_and_mode(tmp_path, extension, mode):
    image = Image.fromarray(GREY)
    if mode == "P":
        image.putpalette([255 - level for level in range(256) for _ in range(3)])  # also changes the mode to "P"
    else:
        image = image.convert(mode)
    expected = 255 - GREY if mode == "P" else GREY
    np.testing.assert_array_equal(load_grey(saved(tmp_path / f"scan.{extension}", image)), expected)


def test_jpeg_pixels_are_near(tmp_path):
    ramp = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (64, 1))
    loaded = load_grey(saved(tmp_path / "scan.jpg", Image.fromarray(ramp).convert("RGB"), quality=95))
    assert np.abs(loaded.astype(int) - ramp).max() <= 4


def test_colour_becomes_luma(tmp_path):
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    np.testing.assert_array_equal(load_grey(saved(tmp_path / "scan.png", colours)), [[76, 150, 29]])


def test_transparent_pixels_lie_on_black(tmp_path):
    pixels = np.array([[[200, 200, 200, 0], [200, 200, 200, 255], [200, 200, 200, 128]]], np.uint8)
    np.testing.assert_allclose(load_grey(saved(tmp_path / "scan.png", pixels)), [[0, 200, 100]], atol=1)


@pytest.mark.parametrize("extension", ["png", "tif"])
def test_sixteen_bits_scale_by_a_fixed_rule(tmp_path, extension):
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    loaded = load_grey(saved(tmp_path / f"scan.{extension}", values))
    np.testing.assert_array_equal(loaded, np.floor(values / 65535 * 255 + 0.5))


def test_the_white_level_serves_twelve_bits_in_sixteen(tmp_path):
    path = saved(tmp_path / "scan.png", np.array([[0, 2047, 2048, 4095, 5000]], np.uint16))
    np.testing.assert_array_equal(load_grey(path, white_level=4095), [[0, 127, 128, 255, 255]])


def test_big_endian_and_white_is_zero_tiffs_read_the_right_way(tmp_path):
    values = np.array([[0, 65535, 257 * 100]], np.uint16)
    path = tmp_path / "scan.tif"
    Image.frombytes("I;16B", (3, 1), values.astype(">u2").tobytes()).save(path)
    np.testing.assert_array_equal(load_grey(path), [[0, 255, 100]])
    np.testing.assert_array_equal(load_grey(saved(path, values, tiffinfo={262: 0})), [[255, 0, 155]])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_is_honoured(tmp_path, orientation):
    upright = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
    # What a camera held so stores, by the definition in the EXIF standard: row 0 and column 0 are at these sides.
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].T,
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / "scan.png", np.ascontiguousarray(stored), exif=exif)
    np.testing.assert_array_equal(load_grey(path), upright)


def test_empty_missing_and_foreign_files_are_told_apart(tmp_path):
    (tmp_path / "empty.png").touch()
    (tmp_path / "notes.png").write_text("not an image at all")
    saved(tmp_path / "animation.gif", GREY)
    os.symlink("loop.png", tmp_path / "loop.png")
    assert refusal(tmp_path / "empty.png") == "empty"
    assert refusal(tmp_path / "notes.png") == "not an image"
    assert refusal(tmp_path / "animation.gif") == "not an image"
    assert refusal(tmp_path / "missing.png") == "unreadable"
    assert refusal(tmp_path / "loop.png") == "unreadable"
    assert refusal(tmp_path) == "not a file"


@pytest.mark.parametrize("extension", ["png", "jpg", "bmp", "tif"])
@pytest.mark.parametrize("kept", [10, 60, 0.5, 0.95])
def test_a_cut_file_is_truncated(tmp_path, extension, kept):
    content = saved(tmp_path / f"whole.{extension}", Image.fromarray(GREY).convert("RGB")).read_bytes()
    length = kept if isinstance(kept, int) else int(kept * len(content))
    (tmp_path / f"cut.{extension}").write_bytes(content[:length])
    assert refusal(tmp_path / f"cut.{extension}") == "truncated"


def test_flipped_bytes_are_damage(tmp_path):
    content = bytearray(saved(tmp_path / "scan.png", GREY).read_bytes())
    content[60:80] = bytes(20)
    (tmp_path / "scan.png").write_bytes(content)
    assert refusal(tmp_path / "scan.png") in ("damaged", "truncated")


def test_a_decompression_bomb_is_not_decompressed(tmp_path):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    for side in (9_000, 30_000):
        header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
        pixels = zlib.compress(bytes(1000))
        path = tmp_path / f"bomb{side}.png"
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))
        assert refusal(path) == "decompression bomb"


def test_what_has_no_grey_level_is_refused(tmp_path):
    floats = saved(tmp_path / "float.tif", np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4))
    integers = saved(tmp_path / "integers.tif", np.full((3, 4), 100_000, np.int32))
    frames = tmp_path / "frames.tif"
    Image.fromarray(GREY).save(frames, save_all=True, append_images=[Image.fromarray(GREY)])
    assert refusal(floats) == "unsupported pixel format"
    assert refusal(integers) == "unsupported pixel format"
    assert refusal(frames) == "several frames"


def test_encoded_pngs_hold_the_pixels_and_nothing_else(tmp_path):
    (tmp_path / "scan.png").write_bytes(encode_png(GREY))
    with Image.open(tmp_path / "scan.png") as image:
        assert (image.mode, image.info) == ("L", {})
    np.testing.assert_array_equal(load_grey(tmp_path / "scan.png"), GREY)


def png(rows, bits=8, colour=0, notes=()):
    """A PNG file of its parts: rows of big-endian samples, and chunks of (kind, content) before them."""

    def chunk(kind, content):
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    height, width = rows.shape[:2]
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunk(*note) for note in notes) + pixels + chunk(b"IEND", b"")


RAW_PROFILE = b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n      8\n0008000201120003\n")


@pytest.mark.parametrize("note", [(b"eXIf", b"\0\0\x11\0\0\x01\x04\0"), (b"zTXt", RAW_PROFILE)], ids=["eXIf", "zTXt"])
def test_a_png_whose_exif_block_is_broken_is_read_without(tmp_path, note):
    (tmp_path / "a.png").write_bytes(png(GREY, notes=[note]))
    np.testing.assert_array_equal(load_grey(tmp_path / "a.png"), GREY)


@pytest.mark.parametrize("block", [b"II*\0\xff\xff\xff\xff", b"nothing", b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01"])
def test_a_jpeg_whose_exif_block_is_broken_is_read_without(tmp_path, block):
    saved(tmp_path / "sound.jpg", GREY, quality=95)
    saved(tmp_path / "broken.jpg", GREY, quality=95, exif=b"Exif\0\0" + block)
    np.testing.assert_array_equal(load_grey(tmp_path / "broken.jpg"), load_grey(tmp_path / "sound.jpg"))


@pytest.mark.parametrize("kind", ["iCCP", "zTXt", "iTXt"])
def test_large_profiles_and_texts_do_not_matter_and_bombs_are_refused(tmp_path, kind):
    def note(content):
        packed = zlib.compress(content)
        return {
            "iCCP": (b"iCCP", b"icc\0\0" + packed),
            "zTXt": (b"zTXt", b"text\0\0" + packed),
            "iTXt": (b"iTXt", b"text\0\1\0\0\0" + packed),
        }[kind]

    (tmp_path / "a.png").write_bytes(png(GREY, notes=[note(np.random.default_rng(0).bytes(1_300_000))]))
    np.testing.assert_array_equal(load_grey(tmp_path / "a.png"), GREY)
    (tmp_path / "a.png").write_bytes(png(GREY, notes=[note(bytes(2**26 + 1))]))
    assert refusal(tmp_path / "a.png") == "decompression bomb"


@pytest.mark.parametrize(("colour", "channels"), [(2, 3), (4, 2), (6, 4)], ids=["RGB", "LA", "RGBA"])
def test_a_white_level_is_not_ignored_for_sixteen_bit_colour(tmp_path, colour, channels):
    values = np.full((*GREY.shape, channels), 65535, ">u2")
    values[..., : 3 if channels > 2 else 1] = GREY[..., None].astype(np.uint16) * 257
    (tmp_path / "a.png").write_bytes(png(values, 16, colour))
    np.testing.assert_array_equal(load_grey(tmp_path / "a.png"), GREY)
    with pytest.raises(ScanError, match="16-bit colour or alpha"):
        load_grey(tmp_path / "a.png", 4095)


def test_a_transparent_value_of_sixteen_bits_lies_on_black(tmp_path):
    values = np.array([[1000, 65535, 30000]], ">u2")
    (tmp_path / "a.png").write_bytes(png(values, 16, notes=[(b"tRNS", struct.pack(">H", 65535))]))
    np.testing.assert_array_equal(load_grey(tmp_path / "a.png"), [[4, 0, 117]])
