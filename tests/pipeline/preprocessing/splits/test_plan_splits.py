import itertools
import random

import pytest

from pipeline.preprocessing.splits.plan_splits import parse_splits, plan_splits
from tfgan_thyroid.errors import UserError

FRACTIONS = {"train": 0.8, "eval": 0.1, "test": 0.1}


def scans_of(sizes):
    """One (group, digest) a scan, every digest different."""
    return [(f"g{group}", f"{group}/{scan}") for group, size in enumerate(sizes) for scan in range(size)]


def counts(scans, plan):
    result = dict.fromkeys(("train", "eval", "test"), 0)
    for group, _ in scans:
        result[plan.split_of_group[group]] += 1
    return result


def test_fractions_are_read_in_the_order_of_the_splits():
    assert list(parse_splits("test=0.25, train=0.75,eval=0").items()) == [("train", 0.75), ("test", 0.25)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("train=0.5,eval=0.1", "sum to 0.6, not to 1"),
        ("train=0.5,valid=0.5", "'valid' is not one of train, eval, test"),
        ("train=1.5,eval=-0.5", "train must be from 0 to 1"),
        ("train=0.5,train=0.5", "'train' is given twice"),
        ("train=half,eval=0.5", "'half' is not a number"),
        ("train=nan,eval=0.5", "from 0 to 1"),
        ("train", "'' is not a number"),
        ("", "'' is not one of"),
    ],
)
def test_wrong_fractions_say_what_is_wrong(text, words):
    with pytest.raises(UserError, match=words):
        parse_splits(text)


def test_single_files_are_split_exactly():
    scans = scans_of([1] * 95)
    assert counts(scans, plan_splits(scans, FRACTIONS, seed=0)) == {"train": 76, "eval": 10, "test": 9}


def test_sizes_are_as_near_to_the_request_as_groups_allow():
    rng = random.Random(0)
    for _ in range(50):
        sizes = [rng.randint(1, 12) for _ in range(9)]
        scans = scans_of(sizes)
        goals = {"train": 0.6, "eval": 0.2, "test": 0.2}
        found = counts(scans, plan_splits(scans, goals, seed=0))
        wanted = {split: goals[split] * len(scans) for split in goals}
        best = min(
            sum(
                abs(sum(s for s, a in zip(sizes, assigned, strict=True) if a == split) - wanted[split])
                for split in goals
            )
            for assigned in itertools.product(goals, repeat=len(sizes))
        )
        # Splits are filled one after another, so they may miss the best of all assignments by a scan or two.
        assert sum(abs(found[split] - wanted[split]) for split in goals) <= best + 2.5


def test_no_group_and_no_digest_is_in_two_splits():
    rng = random.Random(1)
    scans = [(f"g{rng.randrange(60)}", f"d{rng.randrange(150)}") for _ in range(200)]
    plan = plan_splits(scans, FRACTIONS, seed=0)
    splits_of_digest = {}
    for group, digest in scans:
        splits_of_digest.setdefault(digest, set()).add(plan.split_of_group[group])
    assert all(len(splits) == 1 for splits in splits_of_digest.values())
    assert set(plan.split_of_group) == {group for group, _ in scans}


def test_a_chain_of_duplicates_ties_groups_that_share_nothing_directly():
    chain = [("a", "1"), ("b", "1"), ("b", "2"), ("c", "2"), ("c", "3"), ("d", "3")]
    others = [(f"o{index}", f"x{index}") for index in range(20)]
    for seed in range(20):
        plan = plan_splits(chain + others, FRACTIONS, seed)
        assert len({plan.split_of_group[name] for name in "abcd"}) == 1
        assert plan.joined_groups == 4


def test_the_plan_depends_on_the_seed_and_not_on_the_order():
    scans = scans_of([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8])
    shuffled = random.Random(0).sample(scans, len(scans))
    assert plan_splits(scans, FRACTIONS, 7) == plan_splits(shuffled, FRACTIONS, 7)
    plans = {tuple(sorted(plan_splits(scans, FRACTIONS, seed).split_of_group.items())) for seed in range(20)}
    assert len(plans) > 10


def test_every_group_has_its_chance_of_being_held_out():
    scans = scans_of([2] * 5 + [7] * 5 + [20] * 2)
    held_out = {
        group
        for seed in range(200)
        for group, split in plan_splits(scans, {"train": 0.5, "test": 0.5}, seed).split_of_group.items()
        if split == "test"
    }
    assert held_out == {f"g{index}" for index in range(12)}


@pytest.mark.parametrize("sizes", [[100, 1, 1], [1, 1, 10], [2, 3, 5], [1, 1, 1], [50, 50, 1, 1], [1, 200, 200]])
@pytest.mark.parametrize(
    "fractions", [FRACTIONS, {"train": 0.05, "eval": 0.9, "test": 0.05}, {"train": 0.34, "eval": 0.33, "test": 0.33}]
)
def test_every_split_gets_a_group_when_there_are_enough(sizes, fractions):
    scans = scans_of(sizes)
    for seed in range(20):
        plan = plan_splits(scans, fractions, seed)
        assert set(plan.split_of_group.values()) == {"train", "eval", "test"}
        assert plan.emptied == []


def test_with_too_few_groups_train_is_filled_first_and_the_empty_splits_are_named():
    two = plan_splits(scans_of([5, 5]), FRACTIONS, seed=0)
    assert (set(two.split_of_group.values()), two.emptied) == ({"train", "eval"}, ["test"])
    one = plan_splits(scans_of([5]), FRACTIONS, seed=0)
    assert (set(one.split_of_group.values()), one.emptied) == ({"train"}, ["eval", "test"])
    assert plan_splits([], FRACTIONS, seed=0).emptied == ["train", "eval", "test"]


def test_names_that_are_no_text_are_split_too():
    scans = [(f"file:scan\udcff{index}", str(index)) for index in range(10)]
    assert counts(scans, plan_splits(scans, FRACTIONS, seed=0)) == {"train": 8, "eval": 1, "test": 1}
