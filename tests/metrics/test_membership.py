"""The membership attack: blind to a difference of days, sees copies, and its AUC is the share of pairs by hand."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tfgan_thyroid.metrics.distances import SquaredDistances
from tfgan_thyroid.metrics.membership import membership_attack


def patients(seed, count, frames=2, size=32):
    """Noisy frames of each patient's smooth texture, uint8 `[count * frames, size, size, 1]`, and whose each is."""
    rng = np.random.default_rng(seed)
    textures = gaussian_filter(rng.normal(size=(count, size, size)), (0, 4, 4))
    textures = 110 + 40 * textures / textures.std(axis=(1, 2), keepdims=True)
    scans = np.repeat(textures, frames, axis=0) + rng.normal(0, 8, (count * frames, size, size))
    return np.clip(scans, 0, 255).astype(np.uint8)[..., None], np.repeat(np.arange(count), frames)


def copies(scans, seed, noise=15.0, count=200):
    rng = np.random.default_rng(seed)
    chosen = scans[rng.integers(len(scans), size=count)]
    return np.clip(chosen + rng.normal(0, noise, chosen.shape), 0, 255).astype(np.uint8)


def test_images_of_other_patients_tell_nothing():
    found = membership_attack(*patients(0, 40), *patients(1, 40), patients(2, 200)[0])
    assert found.low < 0.5 < found.high
    assert (found.training_patients, found.unseen_patients, found.generated) == (40, 40, 400)


def test_near_copies_of_twenty_scans_lie_above_point_six_with_the_whole_interval():
    training, groups = patients(0, 20, frames=1)
    found = membership_attack(training, groups, *patients(1, 40), copies(training, 3))
    assert found.low > 0.6
    assert found.high <= 1.0


def test_copies_of_a_third_of_the_patients_move_the_auc_to_where_the_share_of_pairs_says():
    training, groups = patients(0, 60)
    found = membership_attack(
        training, groups, *patients(1, 60), copies(training[groups < 20], 3, noise=4.0, count=400)
    )
    assert found.auc == pytest.approx(1 / 3 + 2 / 3 * 0.5, abs=0.08)  # the copied win always, the others half the time


def test_most_of_what_a_noisier_scanner_of_the_unseen_patients_moves_is_divided_out():
    """By the distance to generated images alone it looks like a leak: every noisy scan lies far from every image."""
    training, groups = patients(0, 40)
    unseen, unseen_groups = patients(1, 40)
    noisy = np.clip(unseen + np.random.default_rng(5).normal(0, 20, unseen.shape), 0, 255).astype(np.uint8)
    made = patients(2, 200)[0]
    nearest = [
        SquaredDistances(*(x.reshape(len(x), -1) for x in (scans, made))).row_minima for scans in (training, noisy)
    ]
    plain = (nearest[0][:, None] < nearest[1]).mean()
    assert plain > 0.85
    assert membership_attack(training, groups, noisy, unseen_groups, made).auc < plain - 0.2


def test_a_patient_counts_once_however_many_frames_there_are():
    training, groups = patients(0, 12)
    unseen, unseen_groups = patients(1, 12)
    made = patients(2, 100)[0]
    once = membership_attack(training, groups, unseen, unseen_groups, made)
    again = membership_attack(
        np.concatenate([training, training[:2], training[:2]]),
        np.concatenate([groups, [0, 0], [0, 0]]),
        unseen,
        unseen_groups,
        made,
    )
    assert again.auc == pytest.approx(once.auc)
    assert again.training_patients == 12


def test_too_few_patients_of_either_kind_give_no_number():
    many, few = patients(0, 12), patients(1, 9)
    made = patients(2, 20)[0]
    assert membership_attack(*many, *few, made) is None
    assert membership_attack(*few, *many, made) is None
