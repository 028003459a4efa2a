"""Whatever the sizes of the groups and the ties between them: nothing that must stay together is in two splits."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.preprocessing.splits.listed_splits import plan_listed_splits
from pipeline.preprocessing.splits.plan_splits import plan_splits
from tfgan_thyroid.data.records.schema import SPLITS


@st.composite
def collections(draw):
    """(group, digest) of each scan, some digests shared, and sets of scans that look alike."""
    sizes = draw(st.lists(st.integers(1, 30), min_size=1, max_size=12))
    scans = [(f"g{group}", f"{group}/{scan}") for group, size in enumerate(sizes) for scan in range(size)]
    positions = st.integers(0, len(scans) - 1)
    for one, other in draw(st.lists(st.tuples(positions, positions), max_size=4)):
        scans[one] = (scans[one][0], scans[other][1])
    alike = draw(st.lists(st.lists(positions, min_size=2, max_size=4, unique=True), max_size=3)) if scans[1:] else []
    taken: set[int] = set()
    disjoint = []
    for members in alike:
        if not taken & set(members):
            taken |= set(members)
            disjoint.append(sorted(members))
    return scans, disjoint


def assert_nothing_is_parted(scans, alike, split_of_scan):
    bonds = [
        [position for position, scan in enumerate(scans) if scan[part] == key]
        for part in (0, 1)
        for key in {scan[part] for scan in scans}
    ]
    for members in [*bonds, *alike]:
        assert len({split_of_scan[position] for position in members if position in split_of_scan}) <= 1, members


@settings(max_examples=150, deadline=None)
@given(
    collections(), st.permutations(SPLITS), st.integers(1, 3), st.integers(0, 1000), st.randoms(use_true_random=False)
)
def test_drawn_splits_part_nothing_and_fill_every_split_they_can(collection, splits, count, seed, random):
    scans, alike = collection
    shares = [random.random() + 0.01 for _ in range(count)]
    fractions = {split: share / sum(shares) for split, share in zip(splits, shares, strict=False)}
    plan = plan_splits(scans, fractions, seed, alike)
    split_of_scan = {position: plan.split_of_group[group] for position, (group, _) in enumerate(scans)}
    assert_nothing_is_parted(scans, alike, split_of_scan)
    filled = set(split_of_scan.values())
    assert filled | set(plan.emptied) == set(fractions)
    assert not filled & set(plan.emptied)
    assert len(filled) == min(len(fractions), plan.independent)
    assert plan.largest_group <= len(scans)


@settings(max_examples=100, deadline=None)
@given(collections(), st.data())
def test_listed_splits_part_nothing_and_keep_the_test_list_whole(collection, data):
    scans, alike = collection
    listed = data.draw(st.lists(st.sampled_from(SPLITS), min_size=len(scans), max_size=len(scans)))
    plan = plan_listed_splits(scans, listed, alike)
    kept = {position: listed[position] for position in range(len(scans)) if position not in plan.left_out}
    assert_nothing_is_parted(scans, alike, kept)
    assert all(split == plan.split_of_group[scans[position][0]] for position, split in kept.items())
    assert not any(listed[position] == "test" for position in plan.left_out)
    assert set(plan.emptied) == set(listed) - set(kept.values())
    if len(set(listed)) == 1:
        assert not plan.left_out


@settings(max_examples=50, deadline=None)
@given(collections(), st.integers(0, 1000), st.randoms(use_true_random=False))
def test_the_plan_is_one_of_the_set_of_scans_not_of_their_order(collection, seed, random):
    scans, alike = collection
    order = random.sample(range(len(scans)), len(scans))
    place = {position: index for index, position in enumerate(order)}
    moved = [sorted(place[position] for position in members) for members in alike]
    fractions = {"train": 0.6, "eval": 0.2, "test": 0.2}
    before = plan_splits(scans, fractions, seed, alike)
    assert plan_splits([scans[position] for position in order], fractions, seed, moved) == before


def test_the_reason_for_leaving_a_scan_out_names_the_bond():
    scans = [("a", "1"), ("a", "2"), ("b", "3"), ("c", "3"), ("d", "4"), ("e", "5")]
    listed = ["train", "test", "eval", "test", "train", "eval"]
    plan = plan_listed_splits(scans, listed, [[4, 5]])
    assert {position: why.detail for position, why in plan.left_out.items()} == {
        0: "listed for train, and its group is listed for test",
        2: "listed for eval, and the same picture is listed for test",
        4: "listed for train, and a near-duplicate is listed for eval",
    }
    assert plan.emptied == ["train"]
