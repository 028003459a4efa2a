import ctypes
import json
import os
import subprocess
import sys
import unicodedata

import pytest
from PIL import Image

from tests.pipeline.hostile_files import write_hostile_files

REASONS = {
    "damaged",
    "decompression bomb",
    "empty",
    "nested archive",
    "not a file",
    "not an image",
    "several frames",
    "too large",
    "truncated",
    "unreadable",
    "unsupported pixel format",
    "unsupported transfer syntax",
}
MEGABYTES = 1_000_000

# Both jobs in one process, so that the second one's peak of memory can be held against the first one's.
JOBS = """
import ctypes, json, os, sys
from pipeline.preprocess import main

class Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]

class Capabilities(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]

# Root reads what is forbidden; without these two capabilities it is refused like everybody.
libc, header, sets = ctypes.CDLL(None, use_errno=True), Header(0x20080522, 0), (Capabilities * 2)()
assert libc.capget(ctypes.byref(header), ctypes.byref(sets)) == 0
sets[0].effective &= ~0b110
assert libc.capset(ctypes.byref(header), ctypes.byref(sets)) == 0

peaks = []
for folder in ("good", "all"):
    flags = ["--input", folder, "--output", folder + "-set", "--image-size", "16", "--splits", "train=1"]
    assert main(flags) == 0
    status = open("/proc/self/status").read()  # unlike getrusage, it leaves out the process that started this one
    peaks.append(int(status.split("VmHWM:")[1].split()[0]) * 1024)
print(json.dumps(peaks))
"""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory, scan):
    """Good files alone, and the same among hostile ones: both data sets, the refused names, and what was printed."""
    root = tmp_path_factory.mktemp("hostile")
    for folder in ("good", "all"):
        (root / folder).mkdir()
        for index in range(10):
            Image.fromarray(scan(index)).save(root / folder / f"good{index}.png")
        odd = os.path.join(os.fsencode(root / folder), "good\n\u202e\udcff.png".encode("utf-8", "surrogateescape"))
        with open(odd, "wb") as file:
            Image.fromarray(scan(10)).save(file, "PNG")
    refused = write_hostile_files(os.fsencode(root / "all"))
    result = subprocess.run(
        [sys.executable, "-c", JOBS], cwd=root, capture_output=True, check=False, timeout=300, env=environment()
    )
    yield root, refused, result
    for name in (b"forbidden.png", b"forbidden.zip"):
        os.chmod(os.path.join(os.fsencode(root / "all"), name), 0o600)


def environment():
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return os.environ | {"PYTHONPATH": here, "TQDM_DISABLE": "1"}


def rows(root):
    return [json.loads(line) for line in (root / "all-set" / "rejected.jsonl").read_text("ascii").splitlines()]


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "capset"), reason="needs Linux capabilities")
def test_no_hostile_file_stops_the_job_and_each_is_refused_once(outcome):
    root, refused, result = outcome
    assert result.returncode == 0, result.stderr.decode("utf-8", "replace")[-3000:]
    for noise in (b"Traceback", b"pydicom", b"WARNING", b"PLANTED"):  # the owner's log names files at most
        assert noise not in result.stderr
    assert len(refused) >= 200
    found = [os.fsencode(row["path"]) for row in rows(root)]
    assert len(found) == len(set(found))
    assert set(found) == refused


def test_every_reason_is_one_that_a_person_understands(outcome):
    for row in rows(outcome[0]):
        assert row["reason"] in REASONS, row
        assert 5 <= len(row["detail"]) <= 200, row
        assert not any(unicodedata.category(character).startswith("C") for character in row["detail"]), row
        for jargon in ("Traceback", "Error(", "object at 0x", "Errno", "/tmp", "PLANTED"):
            assert jargon not in row["detail"], row


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("pipe.png", "not a file"),
        ("socket.png", "not a file"),
        ("endless.png", "not a file"),
        ("folder.png", "not a file"),
        ("around", "not a file"),
        ("forbidden.png", "unreadable"),
        ("self.png", "unreadable"),
        ("bomb30000.png", "decompression bomb"),
        ("bomb.tif", "decompression bomb"),
        ("bomb_rows.dcm", "decompression bomb"),
        ("sparse.dcm", "decompression bomb"),
        ("overlapping.zip", "decompression bomb"),
        ("hostile.zip/zeros.bmp", "decompression bomb"),
        ("hostile.zip/nested.zip", "nested archive"),
        ("encrypted.zip/secret.png", "unreadable"),
        ("damaged.zip/bits.png", "damaged"),
        ("letter.png", "not an image"),
        ("cut10.plain.dcm", "truncated"),
        ("cut10.png", "truncated"),
        ("empty.zip", "empty"),
    ],
)
def test_the_reason_is_the_right_one(outcome, path, reason):
    (row,) = [row for row in rows(outcome[0]) if row["path"] == path]
    assert row["reason"] == reason, row


def test_the_good_files_among_them_survive_unchanged(outcome, tree):
    root = outcome[0]
    good, among = (tree(root / name) for name in ("good-set", "all-set"))
    records = [name for name in good if name.endswith(".tfrecord")]
    assert records
    assert {name: among[name] for name in records} == {name: good[name] for name in records}


def test_nothing_was_written_beside_the_data_sets_and_no_name_reaches_them(outcome):
    root, refused, _ = outcome
    assert sorted(os.listdir(root)) == ["all", "all-set", "good", "good-set"]
    for path in (root / "all-set").rglob("*"):
        if path.is_file() and path.name not in ("rejected.jsonl", "duplicates.jsonl"):
            content = path.read_bytes()
            assert b"PLANTED" not in content
            assert not any(name in content for name in refused if len(name) > 8), path


def test_memory_stays_bounded(outcome):
    good, hostile = json.loads(outcome[2].stdout.splitlines()[-1])
    assert hostile < good + 300 * MEGABYTES
    assert hostile < 1_000 * MEGABYTES
