"""The sharing experiment: its plan, its comparison against known scores, and all of it at a very small size."""

import json
from collections import Counter

import numpy as np
import pytest

from tfgan_thyroid import reproduce
from tfgan_thyroid.data.records.schema import DatasetInfo
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.experiments.sharing import cells
from tfgan_thyroid.experiments.sharing.arms import ARMS
from tfgan_thyroid.experiments.sharing.cells import CURVE_STEPS, SharingProtocol, score_name, steps_of_curves
from tfgan_thyroid.experiments.sharing.comparison import compare_arms, judged
from tfgan_thyroid.experiments.sharing.houses import House, phantom_houses
from tfgan_thyroid.experiments.sharing.report import goal, sentence
from tfgan_thyroid.experiments.significance import Interval
from tfgan_thyroid.segmentation.examples import load_examples

SMALL = ["--image-size", "16", "--sender-patients", "6", "--recipient-patients", "8,2,3", "--unet-width", "2"]
SMALL += ["--iterations", "2", "--gan-width", "4", "--gan-batch-size", "4", "--generated", "10", "--steps", "3"]
SMALL += ["--labels", "2", "--draws", "1", "--other-draws", "1"]


def protocol(tmp_path, senders=2, labels=(4, 16), arms=tuple(ARMS), draws=3, other_draws=2):
    houses = tuple(House(tmp_path / f"sender{number}", {"image_size": 16}) for number in range(senders))
    recipient = House(tmp_path / "recipient", {"image_size": 16})
    return SharingProtocol(houses, recipient, "cpu", {}, 8, 400, 50, labels, draws, other_draws, arms)


def test_every_arm_has_its_draws_and_those_without_own_labels_stand_once(tmp_path):
    places = Counter((name, labels) for name, labels, _ in protocol(tmp_path).places())
    assert places["A", 4] == places["S", 4] == places["mean-teacher", 4] == 3
    assert places["A", 16] == places["S", 0] == places["M", 0] == places["F", 0] == 2
    assert places["A", 0] == places["M", 4] == places["F", 16] == 0


def made_up(protocol, gains, noise=0.02, patients=12):
    """Results in which each arm lies a known way over own labels, the same noise of draws and patients in all."""
    rng = np.random.default_rng(0)
    of_draw, of_patient = rng.normal(0, noise, 10), rng.normal(0, noise, patients)
    results = {}
    for name, labels, draw in protocol.places():
        for sender in range(len(protocol.senders)):
            dice = 0.7 + gains[name] + of_draw[draw] + of_patient + rng.normal(0, 0.002, patients)
            groups = {f"patient{i:02d}": {"images": 1, "dice": float(d)} for i, d in enumerate(dice)}
            result = {"groups": groups, "dice": float(dice.mean()), "synthetic": 0, "seconds": 60.0}
            results[score_name(name, labels, draw, sender)] = result
    return results


def test_differences_are_paired_and_the_best_alternative_is_named(tmp_path):
    made = protocol(tmp_path, labels=(4,), draws=5, other_draws=5)
    gains = dict.fromkeys(ARMS, 0.0) | {"S": 0.05, "S-pairs": 0.08, "M-tuned": 0.09, "F": 0.2}
    table = {(o.arm, o.labels): o for o in compare_arms(made, made_up(made, gains))[4]}
    own = table["S", 4].over_own
    assert own.low < 0.05 < own.high
    assert own.high - own.low < 0.02  # draws and patients differ by more, and cancel
    assert judged(own) == "a gain"
    assert table["S", 4].instead == ("M-tuned", 4)  # neither the bound nor the other form of S
    assert table["S", 4].over_instead.high < 0.0
    assert "against M-tuned, the best of what could be sent or done instead: worse" in sentence(table["S", 4], 4)
    assert table["M-tuned", 4].instead[0] == "S-pairs"
    assert judged(table["B", 4].over_own) == "no measurable difference"
    assert table["F", 0].over_instead is None
    assert table["S", 0].name == "S0"
    assert goal(list(table.values())).startswith("Goal met: S-pairs lies +0.0")


def test_a_gain_below_the_goal_or_without_certainty_does_not_meet_it(tmp_path):
    made = protocol(tmp_path, labels=(4,), draws=5, other_draws=5)
    for gain in (0.02, -0.05):
        results = made_up(made, dict.fromkeys(ARMS, 0.0) | {"S": gain, "S-pairs": gain})
        assert goal(compare_arms(made, results)[4]).startswith("Goal not met")
    assert goal([]).startswith("Not decided yet")
    assert judged(Interval(0.1, None, None)) == "not known from one draw"


def test_the_steps_are_the_fewest_after_which_no_curve_gains(tmp_path):
    def curves(few, everything, sender):
        kinds = {"few": few, "all": everything, "sender": sender}
        return {f"curve-{k}-{n}": {"dice": d} for k, v in kinds.items() for n, d in zip(CURVE_STEPS, v, strict=True)}

    assert steps_of_curves(curves([0.8, 0.8, 0.79], [0.9, 0.93, 0.932], [0.7, 0.699, 0.703])) == 400
    assert steps_of_curves(curves([0.8, 0.8, 0.8], [0.9, 0.9, 0.9], [0.9, 0.9, 0.9])) == 200
    assert steps_of_curves(curves([0.1, 0.2, 0.3], [0.9, 0.9, 0.9], [0.9, 0.9, 0.9])) == 800


def test_the_houses_have_other_patients_and_with_a_shift_another_scanner(tmp_path):
    found = {}
    for shift in ("none", "scanner"):
        senders, recipient = phantom_houses(tmp_path / shift, shift, 2, 32, 3, (6, 2, 4))
        found[shift] = [load_examples(house.make(), "train") for house in (*senders, recipient)]
        assert DatasetInfo.load(recipient.path).counts == {"train": 6, "eval": 2, "test": 4}
        groups = [set(examples.group_ids) for examples in found[shift]]
        groups += [set(load_examples(recipient.path, split).group_ids) for split in ("eval", "test")]
        assert len(set.union(*groups)) == sum(map(len, groups)) == 3 + 3 + 6 + 2 + 4
    np.testing.assert_array_equal(found["none"][0].images, found["scanner"][0].images)
    plain, other = (found[shift][2] for shift in ("none", "scanner"))
    assert not np.array_equal(plain.images, other.images)
    assert all(0.02 < examples.masks.mean() < 0.6 for of_shift in found.values() for examples in of_shift)


def test_unknown_arms_and_half_of_the_houses_are_refused(tmp_path, capsys):
    with pytest.raises(UserError, match="unknown arm 'X': choose from A, P, B"):
        reproduce.main(["sharing", "--output", str(tmp_path / "x"), "--arms", "X"])
    with pytest.raises(SystemExit):
        reproduce.main(["sharing", "--sender", str(tmp_path)])
    assert "--sender and --recipient go together" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.end_to_end
def test_the_whole_experiment_runs_goes_on_and_says_what_it_found(tmp_path, capsys):
    words = ["sharing", "--output", str(tmp_path / "sharing"), *SMALL]
    assert reproduce.main([*words, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    rows = {row["name"]: row for row in record["tables"]["2"]}
    assert set(rows) == {*ARMS, "S0", "S-pairs0", "M-labels0"}
    assert all(0.0 <= row["dice"]["mean"] <= 1.0 for row in rows.values())
    assert rows["S"]["synthetic"] == 9  # a tenth of the generated images is left out
    files = sorted((tmp_path / "sharing" / "results").glob("*.json"))
    before = {file: file.stat().st_mtime_ns for file in files}
    (tmp_path / "sharing" / "results" / "S-2labels-draw0-sender0.json").unlink()
    assert reproduce.main(words) == 0
    kept = [file for file in files if file.stat().st_mtime_ns == before[file]]
    assert len(kept) == len(files) - 1
    again = json.loads((tmp_path / "sharing" / "sharing.json").read_text())
    assert again["tables"] == record["tables"]  # the same numbers from the same seeds
    assert (tmp_path / "sharing" / "sharing.png").stat().st_size > 10_000
    with pytest.raises(UserError, match="result of another plan"):
        reproduce.main([*words[:-1], "2", "--generated", "11"])


@pytest.mark.slow
@pytest.mark.end_to_end
def test_two_given_data_sets_and_curves_fix_the_steps(make_labelled_dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(cells, "CURVE_STEPS", (1, 2, 3))
    sender = make_labelled_dataset(tmp_path / "sender", {"train": 8})
    recipient = make_labelled_dataset(tmp_path / "recipient", {"train": 8, "eval": 4, "test": 4}, seed=1)
    words = ["sharing", "--sender", str(sender), "--recipient", str(recipient), "--output", str(tmp_path / "out")]
    words += ["--unet-width", "2", "--arms", "M", "--labels", "2", "--draws", "1", "--other-draws", "1"]
    assert reproduce.main(words) == 0
    record = json.loads((tmp_path / "out" / "sharing.json").read_text())
    assert "fixed by curves on patients used nowhere else" in record["facts"]["U-Nets"]
    assert len(list((tmp_path / "out" / "results").glob("curve-*.json"))) == 9
