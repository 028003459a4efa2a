"""The benchmark of preprocessing as a command, at a size where timings mean nothing."""

import json
import subprocess
import sys

import pytest
from PIL import Image

from benchmarks import preprocessing
from benchmarks.pillow_loop import main as pillow_loop
from benchmarks.scan_collection import write_scans
from tfgan_thyroid.data.records import schema
from tfgan_thyroid.data.records.examples import parse_features, read_records
from tfgan_thyroid.errors import UserError


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    folder = tmp_path_factory.mktemp("collection")
    write_scans(folder, 0, 12, jpeg_size=64)
    return folder


def images(paths):
    found = {}
    for path in paths:
        with open(path, "rb") as file:
            for features in map(parse_features, read_records(file)):
                found[features[schema.IMAGE_SHA256][0]] = features[schema.IMAGE_ENCODED][0]
    return found


def test_scans_are_all_different_and_the_same_on_every_call(collection, tmp_path):
    contents = {path.read_bytes() for path in collection.iterdir()}
    assert len(contents) == 12
    write_scans(tmp_path, 7, 5, jpeg_size=64)
    assert {path.name for path in tmp_path.iterdir()} < {path.name for path in collection.iterdir()}
    with Image.open(next(collection.iterdir())) as image:
        assert (image.format, image.size) == ("JPEG", (64, 64))


def test_both_sides_of_the_comparison_store_the_same_pngs(tmp_path):
    (tmp_path / "scans").mkdir()
    write_scans(tmp_path / "scans", 0, 3)
    with Image.open(tmp_path / "scans" / "patient00000_frame0.png") as image:
        assert image.size == (1167, 875)
    commands = preprocessing.sides(tmp_path / "scans", tmp_path, 32, processes=2)
    subprocess.run(commands["one_process"], check=True, capture_output=True)
    pillow_loop(["--input", str(tmp_path / "scans"), "--output", str(tmp_path / "loop"), "--image-size", "32"])
    ours = images((tmp_path / "one").rglob("*.tfrecord"))
    theirs = images([tmp_path / "loop"])
    assert len(ours) == 3
    assert sorted(ours.values()) == sorted(theirs.values())


@pytest.mark.slow
def test_json_ends_standard_output_with_ratios_and_the_memory_curve(collection, capsys):
    flags = ["--collection", str(collection), "--image-size", "16", "--rounds", "1", "--memory-scans", "4,8", "--json"]
    assert preprocessing.main(flags) == 0
    output, told = capsys.readouterr()
    document = json.loads(output.splitlines()[-1])
    sides = {name: side["seconds"]["median"] for name, side in document["results"]["throughput"]["sides"].items()}
    assert document["ratio_one_process"] == sides["pillow"] / sides["one_process"]
    assert document["ratio_processes"] == sides["one_process"] / sides["processes"]
    assert document["ratio_processes_to_pillow"] == sides["pillow"] / sides["processes"]
    curve = document["results"]["memory"]
    assert [point["scans"] for point in curve] == [4, 8]
    assert document["memory_growth"] == curve[1]["peak_bytes"] / curve[0]["peak_bytes"]
    assert "times the speed of the plain Pillow loop" in told
    assert str(collection) not in output


def test_a_run_is_measured_with_the_memory_of_its_process():
    run = preprocessing.run_timed([sys.executable, "-c", "held = b'x' * 200_000_000; print(len(held))"])
    assert run["peak_bytes"] > 200_000_000
    assert 0 < run["cpu_seconds"] < 60 and run["seconds"] > 0


def test_a_side_that_fails_is_told_with_its_last_words():
    with pytest.raises(UserError, match="ended with code 3: no luck"):
        preprocessing.run_timed([sys.executable, "-c", "import sys; print('no luck'); sys.exit(3)"])


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom benchmarks.preprocessing import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "sys.exit(int(bool({'tensorflow', 'apache_beam', 'numpy', 'PIL'} & set(sys.modules))))"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert "(default: 5000)" in finished.stdout
