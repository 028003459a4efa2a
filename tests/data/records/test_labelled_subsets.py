from collections import Counter

import pytest

from tfgan_thyroid.data.records.labelled_subsets import nested_subset, one_frame_each
from tfgan_thyroid.data.records.used_scans import UsedScan
from tfgan_thyroid.errors import UserError

SCANS = [UsedScan(f"scan{i:03d}", f"patient{i // 7:02d}", "") for i in range(126)]


@pytest.mark.parametrize("count", [1, 7, 16, 64, 125, 126])
def test_a_subset_is_whole_patients_and_part_of_one_at_most(count):
    subset = nested_subset(SCANS, count, seed=0)
    assert len(subset) == count
    frames = sorted(Counter(scan.group_id for scan in subset).values())
    assert frames == sorted([7] * (count // 7) + [count % 7] * bool(count % 7))


@pytest.mark.parametrize("seed", range(3))
def test_a_larger_subset_has_the_scans_of_a_smaller_one(seed):
    subsets = [set(nested_subset(SCANS, count, seed)) for count in (5, 16, 32, 64, 126)]
    assert all(smaller < larger for smaller, larger in zip(subsets, subsets[1:], strict=False))


def test_the_seed_chooses_and_the_stored_order_does_not():
    assert nested_subset(SCANS, 16, seed=1) != nested_subset(SCANS, 16, seed=2)
    assert set(nested_subset(SCANS[::-1], 16, seed=1)) == set(nested_subset(SCANS, 16, seed=1))


def test_a_subset_stands_in_stored_order():
    subset = nested_subset(SCANS, 40, seed=4)
    assert subset == [scan for scan in SCANS if scan in subset]


def test_more_scans_than_there_are_cannot_be_chosen():
    with pytest.raises(UserError, match="127 labelled scans were asked for, 126 are there"):
        nested_subset(SCANS, 127, seed=0)


def test_few_labels_are_one_frame_each_and_a_larger_number_has_the_same_and_more():
    sets = [one_frame_each(SCANS, count, seed=3) for count in (4, 18, 20, 126)]
    assert [len({scan.group_id for scan in chosen}) for chosen in sets] == [4, 18, 18, 18]
    assert all(set(smaller) < set(larger) for smaller, larger in zip(sets, sets[1:], strict=False))
    assert sets[0] != one_frame_each(SCANS, 4, seed=4)
    assert set(one_frame_each(SCANS[::-1], 20, seed=3)) == set(sets[2])
    with pytest.raises(UserError, match="127 labelled scans were asked for, 126 are there"):
        one_frame_each(SCANS, 127, seed=0)
