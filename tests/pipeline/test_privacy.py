"""Names planted wherever clinical files hold them, and every byte of what the job and a training run write."""

import base64
import itertools
import os
import re
import subprocess
import sys
import threading
import zipfile

import numpy as np
import psutil
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pipeline.preprocess import main
from tfgan_thyroid.data.records import schema

SIZE = 16
# One for each place; none is part of another, or of a word that a program writes.
FOLDER, FILE, TEXT_CHUNK, COMPRESSED_CHUNK, EXIF, COMMENT, TIFF_TAG, DICOM_NAME, DICOM_ID, ZIP, MEMBER, MASK, TABLE = (
    "Quistorpff",
    "Zwirnlein",
    "Yspertahl",
    "Xanthiber",
    "Wolfskehlm",
    "Vlaskampf",
    "Uexkuellq",
    "Tscherkas",
    "Szymborzk",
    "Rzeszowan",
    "Pfriemerz",
    "Ohlmuethz",
    "Njegoschw",
)
PLANTED = (FOLDER, FILE, TEXT_CHUNK, COMPRESSED_CHUNK, EXIF, COMMENT, TIFF_TAG, DICOM_NAME, DICOM_ID, ZIP, MEMBER, MASK)


def traces(name):
    """The bytes that would betray a name: in any case, as UTF-16, in base64 at any offset, in hexadecimal."""
    for text in (name, name.lower(), name.upper()):
        yield text.encode()
        yield text.encode("utf-16-le")
        yield text.encode().hex().encode()
        for offset in range(3):
            yield base64.b64encode(b"\0" * offset + text.encode())[4 if offset else 0 : -4]


def assert_names_nobody(content, where):
    for name in (*PLANTED, TABLE):
        for trace in traces(name):
            assert trace not in content, f"{name} in {where}"


def speckle(seed):
    return np.random.default_rng(seed).integers(20, 90, (40, 56), dtype=np.uint8)


def plant(folder):
    """Scans of six kinds in a folder of a patient's name, six kinds of masks beside it, and a table of patients."""
    scans, masks = folder / FOLDER / "scans", folder / FOLDER / "masks"
    scans.mkdir(parents=True)
    masks.mkdir()
    names = []

    def save(name, seed, **options):
        Image.fromarray(speckle(seed)).save(scans / name, **options)
        names.append(name)

    for index in range(6):
        chunks = PngInfo()
        chunks.add_text("Patient", f"{TEXT_CHUNK}^Anna {index}")
        chunks.add_itxt("Comment", COMPRESSED_CHUNK, zip=True)
        save(f"{FILE}_Anna_{index}.png", index, pnginfo=chunks)
        exif = Image.Exif()
        exif[0x9286], exif[0x010E], exif[0x013B] = EXIF, EXIF, EXIF
        save(f"{FILE}_jpeg{index}.jpg", 10 + index, exif=exif, comment=COMMENT.encode())
    save(f"{FILE}.tif", 20, tiffinfo={270: TIFF_TAG, 315: TIFF_TAG})
    with zipfile.ZipFile(scans / f"{ZIP}.zip", "w") as archive:
        archive.write(scans / names[0], f"{MEMBER}/{MEMBER}_1.png")
    for name in names:
        Image.fromarray(np.full((40, 56), 255, np.uint8)).save(masks / (os.path.splitext(name)[0] + ".png"))
    (folder / "table.csv").write_text("file,group\n" + "".join(f"{name},{TABLE} {name[-5]}\n" for name in names))
    return scans, masks


def files(directory, leave_out=()):
    for path in sorted(directory.rglob("*")):
        if path.is_file() and path.name not in leave_out:
            yield path


def png_chunks(content):
    """The kinds of chunks of every PNG image within some bytes."""
    for start in (match.start() for match in re.finditer(b"\x89PNG\r\n\x1a\n", content)):
        position = start + 8
        while True:
            length = int.from_bytes(content[position : position + 4], "big")
            kind = content[position + 4 : position + 8]
            yield kind
            position += 12 + length
            if kind == b"IEND":
                break


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """The folder, the data set of everything in it, and what the job said."""
    root = tmp_path_factory.mktemp("privacy")
    scans, masks = plant(root)
    try:
        from tests.data.dicom_maker import dicom_bytes
    except ImportError:
        pass  # the tests of DICOM say that the extra is missing
    else:
        for index in range(3):
            content = dicom_bytes(speckle(30 + index)[None], patient=DICOM_ID, PatientName=f"{DICOM_NAME}^{index}")
            (scans / f"{FILE}{index}.dcm").write_bytes(content)
    command = [sys.executable, "-m", "pipeline.preprocess", "--input", scans, "--output", root / "set"]
    command += ["--image-size", str(SIZE), "--group-file", root / "table.csv", "--inpaint-overlays", "--crop", "auto"]
    result = subprocess.run([*map(str, command)], capture_output=True, check=False)
    assert result.returncode == 0, result.stderr
    return root, scans, masks, root / "set", result


def test_the_plants_are_where_they_should_be(planted):
    _, scans, _, dataset, _ = planted
    content = b"".join(path.read_bytes() for path in files(scans))
    for name in (TEXT_CHUNK, EXIF, COMMENT, TIFF_TAG, MEMBER):
        assert name.encode() in content
    info = schema.DatasetInfo.load(dataset)
    assert sum(info.counts.values()) + info.rejected == len(list(files(scans)))
    assert sum(info.counts.values()) >= 14


def test_no_byte_of_the_data_set_names_anybody(planted):
    _, _, _, dataset, _ = planted
    names = [path.name for path in files(dataset)]
    for expected in ("dataset.json", "statistics.json", "near_duplicates.json", "contact_sheet.png", "crop_sheet.png"):
        assert expected in names
    for path in files(dataset, leave_out=["rejected.jsonl", "duplicates.jsonl"]):
        assert_names_nobody(path.read_bytes(), path.name)
        assert_names_nobody(os.fsencode(path.relative_to(dataset)), "the name of a file")


def test_no_place_of_the_input_is_told(planted):
    root, scans, _, dataset, _ = planted
    for path in files(dataset):
        content = path.read_bytes()
        assert os.fsencode(scans) not in content
        assert os.fsencode(root) not in content


def test_the_job_names_nobody_as_long_as_it_refuses_nobody(planted):
    _, _, _, dataset, result = planted
    assert schema.DatasetInfo.load(dataset).rejected == 0
    assert (dataset / "rejected.jsonl").read_bytes() == b""
    assert_names_nobody(result.stdout, "standard output")
    assert_names_nobody(result.stderr, "standard error")


def test_pictures_hold_pixels_and_nothing_else(planted):
    _, _, _, dataset, _ = planted
    content = b"".join(path.read_bytes() for path in files(dataset))
    kinds = list(png_chunks(content))
    assert set(kinds) == {b"IHDR", b"IDAT", b"IEND"}
    assert kinds.count(b"IEND") == sum(schema.DatasetInfo.load(dataset).counts.values()) + 2


def test_a_refused_file_is_named_in_rejected_jsonl_below_the_input_folder_and_nowhere_else(tmp_path, capsys):
    scans, masks = plant(tmp_path)
    (scans / f"{FILE}_cut.png").write_bytes((scans / f"{FILE}_Anna_0.png").read_bytes()[:300])
    (masks / f"{FILE}_Anna_1.png").write_bytes(b"")
    flags = ["--input", scans, "--masks", masks, "--output", tmp_path / "set", "--image-size", SIZE]
    assert main([*map(str, flags)]) == 0
    rejected = (tmp_path / "set" / "rejected.jsonl").read_text()
    assert f"{FILE}_cut.png" in rejected
    assert f"{FILE}_Anna_1.png" in rejected
    assert str(tmp_path) not in rejected
    assert FOLDER not in rejected
    for name in (TEXT_CHUNK, COMPRESSED_CHUNK, EXIF, COMMENT, TIFF_TAG):
        assert name not in rejected
    for path in files(tmp_path / "set", leave_out=["rejected.jsonl", "duplicates.jsonl"]):
        assert_names_nobody(path.read_bytes(), path.name)
    assert_names_nobody(capsys.readouterr().out.encode(), "standard output")


def test_a_salted_id_cannot_be_confirmed_by_guessing_the_name(planted, tmp_path):
    import hashlib

    _, scans, _, _, _ = planted
    (tmp_path / "salt").write_bytes(os.urandom(32))
    flags = ["--input", scans, "--output", tmp_path / "set", "--image-size", SIZE, "--salt-file", tmp_path / "salt"]
    assert main([*map(str, flags)]) == 0
    content = b"".join(path.read_bytes() for path in files(tmp_path / "set"))
    for name in (path.name for path in files(scans)):
        for kind, text in itertools.product(("source", "group"), (name, f"file:{name}", f"group:{TABLE} {name[-5]}")):
            assert hashlib.sha256(f"{kind}\0{text}".encode()).hexdigest().encode() not in content
    assert (tmp_path / "salt").read_bytes() not in content


@pytest.mark.slow
def test_the_process_list_names_nobody_while_workers_run(planted, tmp_path):
    _, scans, _, _, _ = planted
    seen, done = set(), threading.Event()

    def watch():
        while not done.is_set():
            for child in psutil.Process().children(recursive=True):
                try:
                    seen.add((" ".join(child.cmdline()), child.name()))
                    seen.add((" ".join(f"{k}={v}" for k, v in child.environ().items()), "environment"))
                except (psutil.NoSuchProcess, psutil.AccessDenied):
                    continue
            done.wait(0.05)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        flags = ["--input", scans, "--output", tmp_path / "set", "--image-size", SIZE]
        workers = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
        assert main([*map(str, flags), *workers]) == 0
    finally:
        done.set()
        thread.join()
    assert any("worker" in words for words, _ in seen)
    for words, what in seen:
        assert_names_nobody(words.encode(), what)


@pytest.mark.slow
def test_a_training_run_names_nobody_and_no_place_but_that_of_the_data_set(planted, tmp_path):
    root, scans, _, dataset, _ = planted
    command = [sys.executable, "-m", "tfgan_thyroid.train", "--data", dataset, "--preset", "cpu", "--outdir", tmp_path]
    command += ["--iterations", "2", "--batch-size", "2", "--width", "4"]
    result = subprocess.run([*map(str, command)], capture_output=True, check=False)
    assert result.returncode == 0, result.stderr
    written = list(files(tmp_path))
    assert {"config.json", "stats.jsonl", "reals.png"} <= {path.name for path in written}
    assert any("tfevents" in path.name for path in written)
    for path in written:
        content = path.read_bytes()
        assert_names_nobody(content, path.name)
        assert os.fsencode(scans) not in content
        # The data set's place is what the user called it; it stands in the settings alone.
        if path.name not in ("config.json", "log.txt"):
            assert os.fsencode(root) not in content, path.name
    assert_names_nobody(result.stdout + result.stderr, "output")
