"""Commands as a user types them: help, and one clear line for each mistake."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from tfgan_thyroid.command import one_line
from tfgan_thyroid.commands import find_commands

COMMANDS = ["tfgan_thyroid", "pipeline", *(command.module for command in find_commands().values())]


def run(module, *arguments, **kwargs):
    words = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, **kwargs)


def assert_one_clear_line(result, *words, code=1):
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    line = result.stderr.strip().splitlines()[-1]
    assert "error: " in line
    for word in words:
        assert str(word) in line


@pytest.mark.parametrize("module", COMMANDS)
def test_help_shows_an_example_and_loads_nothing_heavy(module):
    probe = (
        f"import sys, runpy\nsys.argv = ['x', '--help']\ntry:\n    runpy.run_module({module!r}, run_name='__main__')\n"
    )
    probe += "except SystemExit as stop:\n    assert not stop.code\n"
    probe += (
        "heavy = {'tensorflow', 'keras', 'apache_beam', 'scipy', 'PIL'} & set(sys.modules)\nassert not heavy, heavy\n"
    )
    result = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    if "." in module:
        assert f"python -m {module}" in result.stdout
        assert "example:" in result.stdout


@pytest.mark.parametrize("module", COMMANDS)
def test_every_command_knows_its_version(module):
    result = run(module, "--version")
    assert result.returncode == 0
    assert result.stdout.startswith("tfgan-thyroid 0.")


def test_every_command_is_run_by_its_name_alone():
    script = Path(sys.executable).with_name("tfgan-thyroid")
    shown = subprocess.run([script], capture_output=True, text=True, check=True).stdout
    for name, one in find_commands().items():
        assert f"  {name:12}{one.purpose}" in shown
        assert one.purpose
    for words in ([script], [sys.executable, "-m", "tfgan_thyroid"], [sys.executable, "-m", "pipeline"]):
        for name in ("train", "preprocess"):
            result = subprocess.run([*words, name, "--help"], capture_output=True, text=True, check=True)
            assert result.stdout.startswith(f"usage: python -m {find_commands()[name].module}")


@pytest.mark.parametrize(
    ("module", "words", "meant"),
    [
        ("tfgan_thyroid", ["trian"], "did you mean train?"),
        ("tfgan_thyroid", ["train", "--iteratons", "3"], "did you mean --iterations?"),
        ("tfgan_thyroid.generate", ["--runn=x", "--output", "x"], "did you mean --run?"),
        ("pipeline.preprocess", ["--input", "x", "--output", "y", "--imge-size", "64"], "did you mean --image-size?"),
        ("tfgan_thyroid.evaluate", ["--real", "x", "--generated", "x", "--split", "tset"], "did you mean test?"),
        ("tfgan_thyroid.generate", ["--output", "x"], "all flags: python -m tfgan_thyroid.generate --help"),
    ],
)
def test_a_wrong_command_line_is_one_line_with_what_was_meant(module, words, meant):
    result = run(module, *words)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("error: ")
    assert meant in result.stderr


def test_a_field_that_is_misspelt_gets_the_nearest_one(tmp_path):
    result = run("tfgan_thyroid.train", "--set", "ema_decy=0.9", "--outdir", tmp_path)
    assert_one_clear_line(result, "did you mean ema_decay?")
    assert "beta_1" not in result.stderr


def test_a_folder_that_may_not_be_written_is_named_with_the_remedy():
    refused = PermissionError(errno.EACCES, "Permission denied", "runs")
    assert one_line(refused) == "Permission denied: runs; give a place where you may write, by --output or --outdir"


def test_a_missing_data_set_is_named_with_the_remedy(tmp_path):
    result = run("tfgan_thyroid.train", "--data", tmp_path / "missing", "--outdir", tmp_path / "runs")
    assert_one_clear_line(result, "missing", "pipeline.preprocess")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_preset_names_the_known_ones(dataset, tmp_path):
    result = run("tfgan_thyroid.train", "--data", dataset, "--preset", "papr", "--outdir", tmp_path / "runs")
    assert_one_clear_line(result, "papr", "paper", "paper-small", "paper-tuned", "best", "cpu", "demo")


def test_an_image_size_that_does_not_fit_is_named_with_those_that_do(tmp_path):
    result = run("tfgan_thyroid.train", "--set", "image_size=100", "--outdir", tmp_path / "runs")
    assert_one_clear_line(result, "100", "64, 128, 256")
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_flag_exits_with_2(tmp_path):
    assert run("tfgan_thyroid.train", "--batch-size", "0").returncode == 2
    assert run("tfgan_thyroid.train", "--no-such-flag").returncode == 2
    assert run("tfgan_thyroid.generate", "--run", tmp_path).returncode == 2


def test_resume_without_a_run_and_with_a_second_start_are_refused(tmp_path):
    assert_one_clear_line(run("tfgan_thyroid.train", "--resume", "latest", "--outdir", tmp_path), "no run directory of")
    result = run("tfgan_thyroid.train", "--resume", "latest", "--init-from", tmp_path)
    assert_one_clear_line(result, "--resume", "--init-from")


def test_an_output_folder_that_cannot_be_made_is_named(dataset, tmp_path):
    (tmp_path / "file").write_text("")
    result = run("tfgan_thyroid.train", "--data", dataset, "--outdir", tmp_path / "file" / "runs")
    assert_one_clear_line(result, tmp_path / "file")


def test_generate_and_export_refuse_a_directory_that_is_no_run(tmp_path):
    for module in ("tfgan_thyroid.generate", "tfgan_thyroid.export"):
        assert_one_clear_line(run(module, "--run", tmp_path, "--output", tmp_path / "out"), "not a run directory")
    assert list(tmp_path.iterdir()) == []


def test_chosen_scans_need_a_data_set_and_are_named_where_they_are_not_in_it(dataset, tmp_path):
    (tmp_path / "ids.txt").write_text("0123\n")
    words = ["--scans", tmp_path / "ids.txt", "--outdir", tmp_path / "runs"]
    assert_one_clear_line(run("tfgan_thyroid.train", *words), "--scans", "--data")
    assert_one_clear_line(run("tfgan_thyroid.train", *words, "--data", dataset), "'0123'", "split 'train'")
    assert_one_clear_line(run("tfgan_thyroid.train", *words, "--resume", "latest"), "--scans")
    assert not (tmp_path / "runs").exists()


def test_table_ii_needs_masks_and_a_test_split(make_labelled_dataset, tmp_path):
    plain = make_labelled_dataset(tmp_path / "plain", {"train": 4, "test": 4}, masks=False)
    untested = make_labelled_dataset(tmp_path / "untested", {"train": 4})
    odd = make_labelled_dataset(tmp_path / "odd", {"train": 20, "test": 4}, mask_value=7)
    words = ["table2", "--output", tmp_path / "table", "--data"]
    assert_one_clear_line(run("tfgan_thyroid.reproduce", *words, plain), "has no masks", "--masks")
    assert_one_clear_line(run("tfgan_thyroid.reproduce", *words, untested), "split 'test'", "--splits")
    assert not (tmp_path / "table").exists()
    assert_one_clear_line(run("tfgan_thyroid.reproduce", *words, odd), "value 7", "0 and 255")
    assert list((tmp_path / "table" / "results").iterdir()) == []
