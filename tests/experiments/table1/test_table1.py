"""Table I on a small scale, trained for real."""

import json

import pytest

from tfgan_thyroid import reproduce
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.experiments.table1.report import error
from tfgan_thyroid.experiments.table1.rows import ROWS
from tfgan_thyroid.metrics.estimate import Estimate

ARGUMENTS = ["--preset", "paper-small", "--iterations", "2", "--width", "4", "--batch-size", "4", "--draws", "2"]


@pytest.fixture(scope="module")
def table(tmp_path_factory, make_dataset):
    folder = tmp_path_factory.mktemp("table1")
    data = make_dataset(folder / "data", image_size=32, scans=80)
    words = ["table1", "--data", str(data), "--output", str(folder / "table"), "--seeds", "2", *ARGUMENTS]
    assert reproduce.main([*words, "--rows", "vae,alpha-wgan-gp,alpha-wgan-gp-average"]) == 0
    return words, folder / "table"


def test_the_table_stands_beside_the_papers_with_seeds_and_floor(table):
    _, folder = table
    markdown = (folder / "table1.md").read_text()
    rows = {line.split(" | ")[0].strip("| "): line for line in markdown.splitlines() if line.startswith("|")}
    assert {"VAE", "improved alpha-WGAN-GP (proposed)", "proposed, averaged weights", "real scans"} <= set(rows)
    assert "(0.1090)" in rows["improved alpha-WGAN-GP (proposed)"]
    assert "(" not in rows["VAE"]
    assert (folder / "table1.png").read_bytes().startswith(b"\x89PNG")
    record = json.loads((folder / "table1.json").read_text())
    assert [row["name"] for row in record["rows"]] == ["vae", "alpha-wgan-gp", "alpha-wgan-gp-average"]
    for row in record["rows"]:
        assert set(row["mmd"]["by_seed"]) == {"0", "1"}
        assert row["mmd"]["low"] <= row["mmd"]["mean"] <= row["mmd"]["high"]
        assert row["mmd"]["floor"] > 0.0
        assert row["minutes"] > 0.0
    assert record["rows"][1]["mmd"]["mean"] != record["rows"][2]["mmd"]["mean"]
    assert len(record["leads"]["mmd"]) == 2


def test_rows_that_judge_other_weights_share_a_training(table):
    _, folder = table
    names = sorted(path.name for path in (folder / "results").iterdir())
    assert names == [f"{training}-seed{seed}.json" for training in ("alpha-wgan-gp", "vae") for seed in (0, 1)]


def test_the_same_command_again_trains_nothing_and_a_longer_plan_keeps_what_is_done(table, capsys):
    words, folder = table
    before = {path: path.stat().st_mtime_ns for path in (folder / "results").iterdir()}
    assert reproduce.main([*words, "--rows", "vae,gan"]) == 0
    after = {path: path.stat().st_mtime_ns for path in (folder / "results").iterdir()}
    assert before.items() <= after.items()
    assert {path.name for path in after.keys() - before.keys()} == {"gan-seed0.json", "gan-seed1.json"}
    assert "| GAN |" in capsys.readouterr().out


def test_another_plan_is_kept_apart(table):
    words, _ = table
    with pytest.raises(UserError, match="another plan.*--output"):
        reproduce.main([*words, "--rows", "vae", "--draws", "3"])


def test_a_dry_run_prints_the_plan_and_writes_nothing(dataset, tmp_path, capsys):
    output = tmp_path / "table"
    assert reproduce.main(["table1", "--data", str(dataset), "--output", str(output), "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert "24 trainings" in printed and "5000 iterations of wgan-gp" in printed
    assert not output.exists()


def test_draws_that_no_metric_can_use_are_refused_before_anything_is_trained(dataset, tmp_path):
    with pytest.raises(UserError, match="draws of 3 images: the table's metrics need at least 4"):
        reproduce.main(["table1", "--data", str(dataset), "--samples", "3", "--output", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def test_an_unknown_row_names_the_known_ones(dataset, tmp_path):
    with pytest.raises(UserError, match="'wgan'.*wgan-gp"):
        reproduce.main(["table1", "--data", str(dataset), "--output", str(tmp_path), "--rows", "wgan"])


def test_every_row_of_the_papers_table_is_there():
    papers = {row.paper for row in ROWS if row.paper}
    assert papers == {(0.1199, 0.6322, 0.3713), (0.1600, 0.9746, 0.3000), (0.1090, 0.6123, 0.3445)}


@pytest.mark.parametrize(
    ("metric", "mean", "floor", "expected"),
    [("mmd", 0.12, 0.09, 0.12), ("1nn", 0.4, 0.5, 0.1), ("1nn", 0.9, 0.5, 0.4), ("ms-ssim", 0.5, 0.3, 0.2)],
)
def test_an_error_is_the_distance_from_the_ideal(metric, mean, floor, expected):
    estimate = Estimate.of([mean], [floor], 10, 0, "pixels", "")
    assert error(metric, estimate) == pytest.approx(expected)
