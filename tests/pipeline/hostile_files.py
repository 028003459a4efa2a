"""A seeded generator of files that no reader should trust: at least 200, every one of them unusable."""

import io
import os
import random
import stat
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image

from tests.data.dicom_maker import JPEG, LITTLE, RLE, dicom_bytes

CUTS = 14


def write_hostile_files(folder, seed=0):
    """Fill `folder` (bytes) with hostile files; returns the names, as bytes, that must be refused."""
    rng = random.Random(seed)
    makers = (truncations, damage, wrong_extensions, bombs, absurd_headers, odd_names)
    contents = {name: content for make in makers for name, content in make(rng).items()}
    for name, content in contents.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)
    refused = set(contents) | odd_places(folder) | archive(folder, rng)
    return refused


def noise(rng, shape=(40, 56)):
    return np.frombuffer(rng.randbytes(int(np.prod(shape))), np.uint8).reshape(shape)


def packed(pixels, form, **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, **options)
    return buffer.getvalue()


def sound(rng):
    """One sound file of each kind, by its extension."""
    frames = noise(rng)[None]
    members = io.BytesIO()
    with zipfile.ZipFile(members, "w", zipfile.ZIP_DEFLATED) as file:
        for index in range(3):
            file.writestr(f"{index}.png", packed(noise(rng), "PNG"))
    return {
        "png": packed(noise(rng), "PNG"),
        "jpg": packed(noise(rng), "JPEG"),
        "bmp": packed(noise(rng), "BMP"),
        "tif": packed(noise(rng), "TIFF"),
        "lzw.tif": packed(noise(rng), "TIFF", compression="tiff_lzw"),
        "plain.dcm": dicom_bytes(frames, syntax=LITTLE),
        "jpeg.dcm": dicom_bytes(frames, syntax=JPEG),
        "rle.dcm": dicom_bytes(frames, syntax=RLE),
        "zip": members.getvalue(),
    }


def truncations(rng):
    """Every format cut within its signature, its header and its pixels."""
    files = {}
    for extension, content in sound(rng).items():
        places = [1, 2, 4, 9, 20, 40] + [rng.randrange(41, int(0.9 * len(content))) for _ in range(CUTS - 6)]
        for number, place in enumerate(places):
            files[f"cut{number:02}.{extension}".encode()] = content[:place]
    return files


def damage(rng):
    """Stretches of the pixels overwritten, in formats that can tell."""
    files = {}
    for number in range(10):
        content = bytearray(packed(noise(rng), "PNG"))
        start = rng.randrange(45, len(content) - 60)
        content[start : start + 20] = rng.randbytes(20)
        files[f"damaged{number}.png".encode()] = bytes(content)
    for number in range(6):
        content = bytearray(dicom_bytes(noise(rng)[None], syntax=RLE))
        start = content.index(b"\xe0\x7f\x10\x00") + 28  # the offsets of the run-length segments
        content[start : start + 8] = b"\xff" * 8
        files[f"damaged{number}.dcm".encode()] = bytes(content)
    return files


def wrong_extensions(rng):
    """What is no scan, under the name of one."""
    office = io.BytesIO()
    with zipfile.ZipFile(office, "w") as file:
        file.writestr("word/document.xml", "<w/>")
    return {
        b"notes.png": b"left lobe, 12 mm\n",
        b"page.jpg": b"<!doctype html><html></html>",
        b"report.tif": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        b"program.bmp": b"MZ\x90\0\3\0\0\0" + rng.randbytes(200),
        b"letter.png": office.getvalue(),
        b"animation.png": packed(noise(rng), "GIF"),
        b"photo.jpg": packed(noise(rng), "WEBP"),
        b"table.csv": b"patient;age\n1;50\n",
        b"drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"film.mp4": b"\0\0\0\x18ftypmp42" + rng.randbytes(100),
        b"script.py": b"raise SystemExit\n",
        b"text.dcm": b"no DICOM at all" * 20,
        b"text.zip": b"no archive at all" * 20,
        b"random.png": rng.randbytes(5000),
        b"zeros.png": bytes(5000),
        b"Thumbs.db": b"\xd0\xcf\x11\xe0" + bytes(600),
        **{name: b"" for name in (b"empty.png", b"empty.jpg", b"empty.dcm", b"empty.zip", b"empty")},
    }


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, depth=8, colour=0, data=b"\0" * 1000, extra=b""):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )


def bmp(width, height, bits=8, offset=1078):
    content = bytearray(packed(np.zeros((8, 8), np.uint8), "BMP"))
    struct.pack_into("<I", content, 10, offset)
    struct.pack_into("<iiHH", content, 18, width, height, 1, bits)
    return bytes(content)


def tiff(*entries, following=0):
    """A TIFF of one directory with these (tag, type, count, value) entries."""
    listed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + listed + struct.pack("<I", following) + bytes(64)


def tiff_of_size(width, height, **options):
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    entries += [(273, 4, 1, 200), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, 64)]
    return tiff(*entries, **options)


def jpeg_of_size(rng, width, height):
    content = bytearray(packed(noise(rng), "JPEG"))
    struct.pack_into(">HH", content, content.index(b"\xff\xc0") + 5, height, width)
    return bytes(content)


def member(name, content, compress=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compress, compresslevel=1) as file:
        file.writestr(name, content)
    return buffer.getvalue()


def bombs(rng):
    """Little on disk, gigabytes in memory, unless one looks first."""
    frames = noise(rng)[None]
    many = bytearray(member("a.png", b"x"))
    end = many.index(b"PK\5\6")
    struct.pack_into("<HHL", many, end + 8, 65535, 65535, 2**31)
    text = b"Comment\0\0" + zlib.compress(bytes(2**26 + 2), 1)
    return {
        b"bomb9000.png": png(9_000, 9_000),
        b"bomb30000.png": png(30_000, 30_000),
        b"bomb_wide.png": png(2**31 - 1, 1),
        b"bomb_text.png": png(40, 40, data=bytes(40 * 41), extra=chunk(b"zTXt", text)),
        b"bomb.bmp": bmp(2**30, 2**30),
        b"bomb.tif": tiff_of_size(2**20, 2**20),
        b"bomb.jpg": jpeg_of_size(rng, 65_500, 65_500),
        b"bomb_rows.dcm": dicom_bytes(frames, Rows=65535, Columns=65535),
        b"bomb_frames.dcm": dicom_bytes(frames, NumberOfFrames=2_000_000_000),
        b"bomb_frame.dcm": dicom_bytes(frames, syntax=JPEG).replace(
            b"\xff\xc0\x00\x0b\x08\x00\x28\x00\x38", b"\xff\xc0\x00\x0b\x08\xff\xff\xff\xff"
        ),
        b"bomb_directory.zip": bytes(many),
    }


def absurd_headers(rng):
    """Headers that contradict themselves, or what follows them."""
    frames = noise(rng)[None]
    plain = dicom_bytes(frames)
    return {
        b"width0.png": png(0, 40),
        b"depth3.png": png(40, 40, depth=3),
        b"colour9.png": png(40, 40, colour=9),
        b"no_pixels.png": png(40, 40, data=b""),
        b"negative.bmp": bmp(-40, 40),
        b"bits99.bmp": bmp(40, 40, bits=99),
        b"offset.bmp": bmp(40, 40, offset=2**31),
        b"far.tif": tiff_of_size(40, 40),
        b"loop.tif": tiff_of_size(40, 40, following=8),
        b"nothing.tif": tiff(),
        b"count.tif": tiff((256, 4, 2**31, 8), (257, 4, 2**31, 8)),
        b"height0.jpg": jpeg_of_size(rng, 40, 0),
        b"rows0.dcm": dicom_bytes(frames, Rows=0),
        b"bits32.dcm": dicom_bytes(frames, BitsAllocated=32),
        b"signed.dcm": dicom_bytes(frames, PixelRepresentation=1),
        b"photometric.dcm": dicom_bytes(frames, PhotometricInterpretation="MINE"),
        b"frames_text.dcm": dicom_bytes(frames).replace(b"PLANTED^NAME", b"PLANTED\xff\xfe\0\0\0")[:900],
        b"syntax.dcm": plain.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.9.9.9\0"),
        b"vr.dcm": plain[:300] + b"\xff" * 60 + plain[360:],
    }


def odd_names(rng):
    """Names that would break a line, a terminal, a shell, a table or a path; none is a scan."""
    names = [
        b"line\nbreak.png",
        b"return\rhome.png",
        b"tab\tstop.png",
        "\u202egnp.exe.png".encode(),
        "zero\u200bwidth\u2066.png".encode(),
        b"not\xff\xfeutf8.png",
        b"\x1b[31mred\x1b[0m.png",
        b"quote\"and'apostrophe.png",
        b"back\\slash\\..\\up.png",
        b"$(touch owned).png",
        b"-rf.png",
        b"a,b;c|d.png",
        b"x" * 251 + b".png",
        "größe-甲状腺.png".encode(),
        b" .png",
    ]
    return {name: rng.randbytes(64) for name in names}


def odd_places(folder):
    """What stands in a folder like a file and is none, or cannot be read."""

    def at(name):
        return os.path.join(folder, name)

    os.symlink(b"nowhere.png", at(b"dangling.png"))
    os.symlink(b"self.png", at(b"self.png"))
    os.symlink(b"pong.png", at(b"ping.png"))
    os.symlink(b"ping.png", at(b"pong.png"))
    os.symlink(b".", at(b"around"))
    os.symlink(b"/dev/zero", at(b"endless.png"))
    os.mkfifo(at(b"pipe.png"))
    os.mkfifo(at(b"pipe.dcm"))
    os.mknod(at(b"socket.png"), 0o600 | stat.S_IFSOCK)
    os.mkdir(at(b"folder.png"))
    for name in (b"forbidden.png", b"forbidden.zip"):
        with open(at(name), "wb") as file:
            file.write(png(40, 40, data=bytes(40 * 41)))
        os.chmod(at(name), 0)
    with open(at(b"sparse.png"), "wb") as file:
        file.truncate(2**31)
    with open(at(b"sparse.dcm"), "wb") as file:
        file.write(dicom_bytes(np.zeros((1, 40, 56), np.uint8), syntax=JPEG))
        file.truncate(2**31)
    # A comment of a gigabyte, which a decoder would take into memory before it saw the picture.
    with open(at(b"sparse_comment.png"), "wb") as file:
        file.write(png(40, 40)[:33] + struct.pack(">I", 2**30) + b"tEXt")
        file.truncate(2**31)
    # A frame whose fragment claims a gigabyte, among frames enough to make it look small on average.
    clip = dicom_bytes(np.zeros((8, 40, 56), np.uint8), syntax=JPEG)
    fragment = clip.index(b"\xfe\xff\x00\xe0", clip.index(b"\xe0\x7f\x10\0") + 20)
    with open(at(b"sparse_fragment.dcm"), "wb") as file:
        file.write(clip[:fragment] + b"\xfe\xff\x00\xe0" + struct.pack("<I", 2**30))
        file.truncate(2**31)
    # A patient's identifier of two gigabytes, in a file that takes no room.
    start = dicom_bytes(np.zeros((1, 40, 56), np.uint8))
    with open(at(b"sparse_tag.dcm"), "wb") as file:
        file.write(start[: start.index(b"\x10\0\x20\0LO")] + b"\x10\0\x20\0UN\0\0" + struct.pack("<I", 2**31 - 2**16))
        file.truncate(2**31)
    links = {b"dangling.png", b"self.png", b"ping.png", b"pong.png", b"around", b"endless.png"}
    places = {b"pipe.png", b"pipe.dcm", b"socket.png", b"folder.png", b"forbidden.png", b"forbidden.zip"}
    return (
        links
        | places
        | {b"sparse.png", b"sparse.dcm", b"sparse_tag.dcm", b"sparse_fragment.dcm", b"sparse_comment.png"}
    )


def archive(folder, rng):
    """An archive of hostile members, and archives that are hostile themselves; returns the refused names."""
    members = {
        "../../above.png": b"up",
        "/etc/absolute.png": b"root",
        "C:\\drive.png": b"drive",
        "line\nbreak.png": b"line",
        "nested.zip": member("a.png", b"x"),
        "zeros.bmp": bytes(2**25),
        "empty.png": b"",
        "cut.png": packed(noise(rng), "PNG")[:300],
        "text.png": b"text",
    }
    with zipfile.ZipFile(os.path.join(os.fsdecode(folder), "hostile.zip"), "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    encrypted = bytearray(member("secret.png", b"secret"))
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        encrypted[encrypted.index(signature) + flags] |= 1
    damaged = bytearray(member("bits.png", packed(noise(rng), "PNG"), zipfile.ZIP_STORED))
    damaged[200] ^= 255
    once = member("twice.png", packed(noise(rng), "PNG"))
    start, end = once.index(b"PK\1\2"), once.index(b"PK\5\6")
    overlapping = bytearray(once[:start] + 2 * once[start:end] + once[end:])
    struct.pack_into("<HHL", overlapping, len(overlapping) - 14, 2, 2, 2 * (end - start))
    for name, content in (("encrypted", encrypted), ("damaged", damaged), ("overlapping", overlapping)):
        with open(os.path.join(os.fsdecode(folder), f"{name}.zip"), "wb") as file:
            file.write(content)
    refused = {b"hostile.zip/" + name.encode() for name in members}
    return refused | {b"encrypted.zip/secret.png", b"damaged.zip/bits.png", b"overlapping.zip"}
