"""`python -m pipeline.simulate`, run as a user would, and wrongly on purpose."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline import phantom_files
from pipeline.phantom_files import Collection, check_output, write_collection
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.phantoms.phantom import simulate_scan

COMMAND = [sys.executable, "-W", "error", "-m", "pipeline.simulate"]


def simulate(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    words = [*COMMAND, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, **options)  # type: ignore[call-overload]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def failure_line(result: subprocess.CompletedProcess[str]) -> str:
    """The one line that an expected failure prints."""
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    lines = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert result.stdout == ""
    return lines[0]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Three scans of two patients with masks, written by two workers, and what the command printed."""
    output = tmp_path_factory.mktemp("simulate") / "phantoms"
    result = simulate("--output", output, "--count", 3, "--frames-per-patient", 2, "--masks", "--workers", 2)
    assert result.returncode == 0, result.stderr
    return output, result.stdout


def test_scans_and_masks_bear_the_patient_and_the_frame_in_their_names(written: tuple[Path, str]):
    names = ["patient0001_frame01.png", "patient0001_frame02.png", "patient0002_frame01.png"]
    assert list(contents(written[0])) == [f"{kind}/{name}" for kind in ("images", "masks") for name in names]


def test_files_hold_the_simulated_pixels_in_8_bit_grey(written: tuple[Path, str]):
    phantom = simulate_scan(seed=0, patient=1, frame=2)
    for kind, pixels in (("images", phantom.image), ("masks", phantom.mask)):
        with Image.open(written[0] / kind / "patient0001_frame02.png") as picture:
            assert picture.mode == "L"
            assert picture.size == (1167, 875)
            np.testing.assert_array_equal(np.asarray(picture), pixels)


def test_each_file_says_that_it_is_simulated_and_from_which_numbers(written: tuple[Path, str]):
    for kind in ("images", "masks"):
        with Image.open(written[0] / kind / "patient0002_frame01.png") as picture:
            picture.load()
            assert picture.text["synthetic"] == "simulated phantom; shows no patient"
            assert [picture.text[key] for key in ("seed", "patient", "frame")] == ["0", "2", "1"]


def test_it_ends_with_what_was_written(written: tuple[Path, str]):
    output, printed = written
    assert printed.startswith(f"wrote 3 scans with masks of 2 simulated patients to {output}: ")


def test_files_do_not_depend_on_the_number_of_workers(written: tuple[Path, str], tmp_path: Path):
    again = Collection(tmp_path / "again", count=3, masks=True, frames_per_patient=2)
    size = write_collection(again, workers=1)
    assert contents(again.output) == contents(written[0])
    assert size == sum(map(len, contents(again.output).values()))


def test_another_seed_gives_other_scans(written: tuple[Path, str], tmp_path: Path):
    write_collection(Collection(tmp_path / "other", count=1, seed=1), workers=1)
    name = "images/patient0001_frame01.png"
    assert contents(tmp_path / "other")[name] != contents(written[0])[name]


def test_without_masks_only_images_are_written_and_an_empty_output_will_do(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    result = simulate("--output", tmp_path / "empty", "--count", 1, "--json")
    report = json.loads(result.stdout)
    assert list(contents(tmp_path / "empty")) == ["images/patient0001_frame01.png"]
    assert report["masks"] is None
    assert report["count"] == report["patients"] == 1
    assert report["bytes"] == (tmp_path / "empty/images/patient0001_frame01.png").stat().st_size
    assert "--masks" not in report["next_command"]
    output = tmp_path / "empty"
    words = f"-m pipeline.preprocess --input {output}/images --output {output}-dataset"
    assert report["next_command"].endswith(words)
    assert "next:" not in result.stderr  # it is in the document


def test_a_dry_run_tells_the_plan_and_writes_nothing(tmp_path: Path):
    result = simulate("--output", tmp_path / "plan", "--count", 609, "--dry-run", "--json")
    report = json.loads(result.stdout)
    assert (report["count"], report["patients"], report["frames_per_patient"]) == (609, 87, 7)
    assert "nothing was written" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_help_answers_without_loading_numpy():
    code = "import runpy, sys; sys.argv = ['simulate', '--help']; runpy.run_module('pipeline.simulate', run_name='x')"
    check = "; from pipeline.simulate import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    loaded = "print(sorted({'numpy', 'scipy', 'PIL', 'tensorflow'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code + check + loaded], capture_output=True, text=True, check=True)
    assert "--frames-per-patient" in result.stdout
    assert result.stdout.splitlines()[-1] == "[]"


def test_simulating_does_not_load_tensorflow():
    code = (
        "import sys, pipeline.phantom_files as files; files.simulate_scan(0, 1, 1); print('tensorflow' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"


def test_an_output_with_something_in_it_is_refused_and_kept(tmp_path: Path):
    (tmp_path / "note.txt").write_text("keep me")
    line = failure_line(simulate("--output", tmp_path, "--count", 1))
    assert "exists and is not empty: give --output a new name" in line
    assert contents(tmp_path) == {"note.txt": b"keep me"}


def test_a_file_as_output_is_refused(tmp_path: Path):
    (tmp_path / "note.txt").write_text("keep me")
    line = failure_line(simulate("--output", tmp_path / "note.txt", "--count", 1))
    assert "is a file: give --output the name of a new directory" in line


@pytest.mark.parametrize("name", [".", "new/.."])
def test_the_current_directory_as_output_is_refused(name: str, tmp_path: Path):
    assert "is the current directory" in failure_line(simulate("--output", name, "--count", 1, cwd=tmp_path))


@pytest.mark.parametrize("parent", ["file", "/proc"])
def test_an_output_that_cannot_be_made_is_one_clear_line(parent: str, tmp_path: Path):
    (tmp_path / "file").write_text("")
    failure_line(simulate("--output", tmp_path / parent / "phantoms", "--count", 1))
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_write_that_fails_midway_is_one_clear_line_and_leaves_nothing(workers: int, tmp_path: Path):
    def limit_file_size() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    arguments = ("--output", tmp_path / "full", "--count", 4, "--workers", workers)
    line = failure_line(simulate(*arguments, preexec_fn=limit_file_size))
    assert "File too large" in line and ".png" in line
    assert list(tmp_path.iterdir()) == []


def test_too_little_disk_space_is_told_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    usage = phantom_files.shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(phantom_files.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(UserError, match=r"has 1 MB free and 609 scans need about 2\d\d MB: free some space"):
        check_output(Collection(tmp_path / "new", count=609))
    check_output(Collection(tmp_path / "new", count=1))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_run_leaves_nothing_and_exits_with_130(number: signal.Signals, tmp_path: Path):
    words = [*COMMAND, "--output", tmp_path / "cut", "--count", "500", "--workers", "2"]
    process = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell starts background jobs with SIGINT ignored, which children inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60.0
    while not list(tmp_path.glob(".cut*/images/*.png")) and time.monotonic() < deadline:
        time.sleep(0.05)
    # A terminal sends Ctrl-C to the whole group, `kill` SIGTERM to the one process.
    if number == signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    printed, complaint = process.communicate(timeout=300)
    assert process.returncode == 130
    assert complaint.splitlines()[-1] == "interrupted"
    assert "Traceback" not in complaint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments", [(), ("--output", "x", "--count", "0"), ("--output", "x", "--seed", "-1"), ("--output", "x", "--sead")]
)
def test_wrong_flags_exit_with_2(arguments: Sequence[str], tmp_path: Path):
    result = simulate(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
