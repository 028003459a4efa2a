"""What makes ExampleGen run again, what does not, and what its manifest must not tell."""

import json
import os

import pytest

from pipeline.components.example_gen import ExampleGen


@pytest.fixture
def scans(tmp_path, write_scans):
    return write_scans(tmp_path / "scans", [f"patient{p}_frame{f}.png" for p in range(3) for f in range(2)])


def parameters(scans, *flags):
    return ExampleGen(str(scans.parent / "root"), str(scans), None, list(flags)).parameters


def test_files_that_change_come_or_go_are_noticed(scans):
    seen = [parameters(scans)["scans"]]
    (scans / "patient9_frame0.png").write_bytes(b"one")
    seen.append(parameters(scans)["scans"])
    (scans / "patient9_frame0.png").write_bytes(b"longer")
    seen.append(parameters(scans)["scans"])
    (scans / "patient9_frame0.png").rename(scans / "patient8_frame0.png")
    seen.append(parameters(scans)["scans"])
    assert len(set(seen)) == 4
    assert parameters(scans)["scans"] == seen[-1]


def test_a_folder_that_was_moved_is_the_same_and_so_is_one_behind_a_link(scans, tmp_path):
    before = parameters(scans)
    moved = scans.rename(tmp_path / "elsewhere")
    assert parameters(moved) == before
    (tmp_path / "link").symlink_to(moved)
    assert parameters(tmp_path / "link") == before
    os.utime(moved / "patient0_frame0.png", ns=(1, 1))
    assert parameters(tmp_path / "link") != before


def test_a_pattern_takes_what_it_matches(scans):
    pattern = scans / "patient[01]*.png"
    before = parameters(pattern)
    (scans / "patient2_frame0.png").unlink()
    assert parameters(pattern) == before
    (scans / "patient1_frame0.png").unlink()
    assert parameters(pattern) != before


def test_the_content_of_a_list_counts_and_the_engine_does_not(scans, tmp_path):
    table = tmp_path / "groups.csv"
    rows = [f"{path.name},smith{index // 2}" for index, path in enumerate(sorted(scans.iterdir()))]
    table.write_text("\n".join(["file,group", *rows]))
    before = parameters(scans, "--group-file", str(table))
    assert parameters(scans, "--group-file", str(table), "--direct_num_workers=2") == before
    table.write_text(table.read_text().replace("smith0", "smith1"))
    assert parameters(scans, "--group-file", str(table)) != before
    assert parameters(scans, "--group-file", str(table), "--shards", "2") != parameters(scans, "--shards", "2")
    text = json.dumps(before)
    assert "smith" not in text and str(tmp_path) not in text


def test_a_wrong_flag_ends_the_command_before_anything_runs(scans, capsys):
    for flags, words in (
        (["--crop", "left"], "argument --crop"),
        (["--crpo", "none"], "--crpo is neither a flag of this command nor one of Beam's"),
        (["--image-size", "48"], "argument --image-size"),
        (["stray"], "'stray' belongs to no flag"),
    ):
        with pytest.raises(SystemExit) as stop:
            parameters(scans, *flags)
        assert stop.value.code == 2
        assert words in capsys.readouterr().err
    with pytest.raises(FileNotFoundError, match="none.csv"):
        parameters(scans, "--group-file", "none.csv")
    assert not (scans.parent / "root").exists()
