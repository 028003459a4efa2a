"""Table II on a small scale, trained for real: the generator never sees the test split."""

import hashlib
import json

import numpy as np
import pytest

from tfgan_thyroid import reproduce
from tfgan_thyroid.data.records.used_scans import UsedScan
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.experiments.table2.rows import PAPER, Table2Row, table2_rows
from tfgan_thyroid.experiments.table2.table import Table2Plan, Table2Protocol, refuse_seen
from tfgan_thyroid.segmentation.config import steps_per_epoch
from tfgan_thyroid.segmentation.examples import load_examples

SMALL = ["--iterations", "2", "--width", "4", "--batch-size", "4", "--steps", "6", "--unet-batch-size", "4"]
PLAN = ["--low-data", "8,50", "--generated", "4", "--low-data-seeds", "1", "--seeds", "1", "--unet-width", "4"]


@pytest.fixture(scope="module")
def data(tmp_path_factory, make_labelled_dataset):
    return make_labelled_dataset(tmp_path_factory.mktemp("data") / "labelled", {"train": 20, "test": 8})


@pytest.fixture(scope="module")
def table(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("table2") / "table"
    words = ["table2", "--data", str(data), "--output", str(folder), *PLAN, *SMALL]
    assert reproduce.main([*words, "--rows", "8real-4generated"]) == 0
    return words, folder


def plan(data, **changes):
    fields = {"gan": {}, "unet": {}, "steps": 60, "sizes": (8,), "generated": (4,), "seeds": 1, "low_data_seeds": 2}
    return Table2Plan(Table2Protocol(data, **{**fields, **changes}), data / "output")


def test_no_generator_has_seen_a_group_or_an_image_of_the_test_split(table, data):
    _, folder = table
    test = load_examples(data, "test")
    test_digests = {hashlib.sha256(image.tobytes()).hexdigest() for image in test.images}
    train = load_examples(data, "train")
    records = sorted(folder.glob("runs/gan-*/*/scans.json"))
    assert [path.parts[-3] for path in records] == ["gan-8real-seed0"]
    for path in records:
        seen = json.loads(path.read_text())
        assert len(seen) == 8
        assert not {scan["group_id"] for scan in seen} & set(test.group_ids)
        assert not {scan["sha256"] for scan in seen} & test_digests
        # The record tells the truth: its digests are those of the pixels of the scans that it names.
        images = train.with_ids([scan["source_id"] for scan in seen]).images
        assert [scan["sha256"] for scan in seen] == [hashlib.sha256(image.tobytes()).hexdigest() for image in images]
        config = json.loads((path.parent / "config.json").read_text())
        assert sorted(config["scan_ids"]) == sorted(scan["source_id"] for scan in seen)
        assert (config["split"], config["config"]["paired"]) == ("train", True)


def test_each_seed_has_its_own_scans_and_a_u_net_the_same_as_its_generator(data):
    scans = {cell.name: cell.key["scans"] for cell in plan(data).cells() if "8real" in cell.name}
    for seed in (0, 1):
        names = [name for name in scans if name.endswith(f"seed{seed}")]
        assert {"gan-8real", "8real", "8real-4generated-conventional"} <= {name[:-6] for name in names}
        assert len({scans[name] for name in names}) == 1
    assert scans["gan-8real-seed0"] != scans["gan-8real-seed1"]


def test_the_table_has_rows_a_verdict_and_what_was_left_out(table):
    _, folder = table
    markdown = (folder / "table2.md").read_text()
    assert "| 8 real + 4 generated | " in markdown
    assert "2 of 2 U-Nets." in markdown
    assert "Rows with 50 real scans are left out: the train split has 20." in markdown
    assert (folder / "table2.png").read_bytes().startswith(b"\x89PNG")
    record = json.loads((folder / "table2.json").read_text())
    assert [row["name"] for row in record["rows"]] == ["8real", "8real-4generated"]
    for row in record["rows"]:
        assert row["dice"]["low"] is None  # one seed has no interval
        assert np.mean(list(row["dice_by_seed"].values())) == pytest.approx(row["dice"]["mean"])
    real, generated = (row["dice"]["mean"] for row in record["rows"])
    assert record["rows"][1]["difference"]["dice"]["mean"] == pytest.approx(generated - real)
    assert record["pairs"]["8real"]["generators"] == 1
    assert record["verdict"].startswith("No verdict yet")


def test_the_same_command_again_trains_nothing_and_lost_pairs_come_back_as_they_were(table, capsys):
    words, folder = table
    results = {path: path.stat().st_mtime_ns for path in (folder / "results").iterdir()}
    assert len(results) == 3
    image = folder / "pairs" / "gan-8real-seed0" / "images" / "synthetic_0000000003.png"
    before = image.read_bytes()
    image.parent.parent.rename(folder / "moved")
    gone = folder / "results" / "8real-4generated-seed0.json"
    kept = gone.read_text()
    gone.unlink()
    assert reproduce.main([*words, "--rows", "8real-4generated", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["progress"] == "2 of 2 U-Nets"
    assert image.read_bytes() == before
    again, first = json.loads(gone.read_text()), json.loads(kept)
    assert again["key"] == first["key"] and again["result"]["groups"] == first["result"]["groups"]
    assert {p: t for p, t in results.items() if p != gone}.items() <= {
        path: path.stat().st_mtime_ns for path in (folder / "results").iterdir()
    }.items()


def test_another_plan_is_kept_apart(table):
    words, _ = table
    with pytest.raises(UserError, match="another plan.*--output"):
        reproduce.main([*words, "--rows", "8real", "--steps", "7"])


def test_a_dry_run_prints_the_plan_and_writes_nothing(data, tmp_path, capsys):
    output = tmp_path / "table"
    assert reproduce.main(["table2", "--data", str(data), "--output", str(output), "--dry-run", *PLAN]) == 0
    printed = capsys.readouterr().out
    # Four U-Nets of few scans and seven of all; a generator for each subset and seed.
    assert "2 generators and 11 U-Nets" in printed
    assert "gan-real-seed0: generator, 800 iterations, 256 pairs" in printed
    assert not output.exists()


def test_the_table_names_how_its_generators_were_trained(data):
    facts = plan(data, gan={"data_augmentation": "conventional"}).facts()
    assert "data augmentation conventional" in facts["generators"]


def test_every_u_net_makes_as_many_updates_whatever_it_learns_from(data):
    table = plan(data, unet={"batch_size": 4}, steps=60)
    for row in table.rows:
        config = table.unet_config(row, 0)
        steps = steps_per_epoch((row.real or 20) + row.generated, 4)
        assert config.epochs == 1 or abs(config.epochs * steps - 60) <= steps / 2  # to half an epoch
        assert 2 * config.decay_every < config.epochs <= 3 * config.decay_every or config.epochs < 5


def test_the_papers_epochs_are_taken_where_they_are_asked_for(data):
    table = plan(data, unet={"epochs": 60}, steps=0)
    configs = {table.unet_config(row, 0).epochs for row in table.rows}
    assert configs == {60}
    assert table.unet_config(table.rows[0], 0).decay_every == 20


def test_a_generator_comes_before_the_rows_that_learn_from_it(data):
    names = [cell.name for cell in plan(data).cells()]
    assert names.index("gan-8real-seed1") < names.index("8real-4generated-seed1")
    assert names.index("gan-real-seed0") < names.index("real-32generated-seed0")
    assert len(names) == len(set(names))


def test_a_row_that_is_chosen_brings_the_one_that_it_is_compared_with(data):
    table = plan(data)
    table.choose("8real-4generated-conventional")
    assert [row.name for row in table.rows] == ["8real", "8real-4generated-conventional"]
    with pytest.raises(UserError, match="unknown row '9real'.*8real"):
        table.choose("9real")


def test_every_row_of_the_papers_table_is_there():
    papers = {row.generated: row.paper for row in table2_rows((16,), ()) if row.paper}
    assert papers == PAPER == {0: (0.3881, 0.5093), 32: (0.3885, 0.5105), 64: (0.3892, 0.5111)}
    assert [row.name for row in table2_rows((16,), ())][:4] == [
        "16real",
        "16real-16generated",
        "16real-conventional",
        "16real-16generated-conventional",
    ]
    assert [row.generated for row in table2_rows((16,), (64, 16))][:3] == [0, 16, 64]
    assert Table2Row(0, 64, "conventional").title(126) == "126 real, conventional + 64 generated"


def test_what_was_learnt_from_must_not_be_tested_on():
    seen = [UsedScan("a", "patient 1", "d1"), UsedScan("b", "patient 2", "d2")]
    refuse_seen(seen, [UsedScan("c", "patient 3", "d3")], "the run")
    with pytest.raises(UserError, match="1 groups of the test split are in the run.*--group-pattern"):
        refuse_seen(seen, [UsedScan("c", "patient 2", "d3")], "the run")
    with pytest.raises(UserError, match="1 images of the test split are in the run"):
        refuse_seen(seen, [UsedScan("c", "patient 3", "d1")], "the run")


def test_data_that_cannot_fill_the_table_are_told_in_one_line(make_labelled_dataset, make_dataset, tmp_path):
    plain = make_labelled_dataset(tmp_path / "plain", {"train": 4, "test": 4}, masks=False)
    with pytest.raises(UserError, match="has no masks.*--masks"):
        plan(plain)
    untested = make_labelled_dataset(tmp_path / "untested", {"train": 4})
    with pytest.raises(UserError, match="no records in split 'test'"):
        plan(untested)


def test_flags_of_the_other_table_are_refused(data, capsys):
    for words in (["table1", "--steps", "5"], ["table2", "--draws", "5"], ["table2", "--low-data", "0"]):
        with pytest.raises(SystemExit) as stop:
            reproduce.main([*words, "--data", str(data)])
        assert stop.value.code == 2
        assert words[1] in capsys.readouterr().err
