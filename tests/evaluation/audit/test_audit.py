"""The audit on real phantoms: a planted copy is found in every disguise, and fresh phantoms pass."""

import json

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.evaluation.audit.audit import audit
from tfgan_thyroid.evaluation.audit.result import AuditThresholds, closest_pairs
from tfgan_thyroid.evaluation.features import random_features

NOISE = np.random.default_rng(0).integers(-2, 3, size=(64, 64, 1))
DISGUISES = {
    "as it is": lambda scan: scan,
    "mirrored": lambda scan: scan[:, ::-1],
    "shifted by 2 pixels": lambda scan: np.roll(scan, (2, -2), axis=(0, 1)),
    "with 2 grey levels of noise": lambda scan: np.clip(scan + NOISE, 0, 255).astype(np.uint8),
    "all of it": lambda scan: np.clip(np.roll(scan[:, ::-1], 2, axis=1) + NOISE, 0, 255).astype(np.uint8),
}


def plant(generated, scan, at=7):
    result = generated.copy()
    result[at] = scan
    return result


@pytest.mark.parametrize("held_out_there", [True, False])
def test_fresh_phantoms_pass(phantoms, held_out_there):
    training, groups, held_out, fresh = phantoms
    features = random_features()
    result = audit(
        training,
        held_out if held_out_there else None,
        fresh,
        groups=groups,
        features=(features.name, features),
    )
    assert result.passed, result.reasons
    assert ("leave-one-out" in result.held_out_rule) != held_out_there
    assert result.counts == {"training": 50, "held_out": 30 if held_out_there else 50, "generated": 30}
    pixels, in_features = result.spaces
    assert (pixels.copies, pixels.near_copies, in_features.copies) == (0, 0, None)
    assert pixels.authenticity > 0.9  # frames of one patient lie far nearer to each other than two patients do


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("held_out_there", [True, False])
def test_a_planted_copy_is_found(phantoms, disguise, held_out_there):
    training, groups, held_out, fresh = phantoms
    generated = plant(fresh, DISGUISES[disguise](training[11]))
    result = audit(training, held_out if held_out_there else None, generated, groups=groups)
    assert not result.passed
    assert "1 generated images are copies" in result.reasons[0]
    closest = result.to_dict()["closest"][0]
    assert (closest["generated"], closest["training"]) == (7, 11)
    assert closest["flipped"] == (disguise in ("mirrored", "all of it"))


@pytest.mark.parametrize("disguise", ["as it is", "mirrored", "shifted by 2 pixels"])
@pytest.mark.parametrize("held_out_there", [True, False])
def test_a_planted_copy_stands_out_in_features(phantoms, disguise, held_out_there):
    training, groups, held_out, fresh = phantoms
    features = random_features()
    generated = plant(fresh, DISGUISES[disguise](training[11]))
    result = audit(
        training, held_out if held_out_there else None, generated, groups=groups, features=(features.name, features)
    )
    assert result.spaces[1].near_copies == 1


def test_a_copy_under_heavy_noise_or_blur_stands_out_though_it_is_not_exact(phantoms):
    training, groups, held_out, fresh = phantoms
    noise = np.random.default_rng(1).normal(0, 12, size=(64, 64, 1))
    for scan in (np.clip(training[20] + noise, 0, 255), gaussian_filter(training[20], (1, 1, 0))):
        result = audit(training, held_out, plant(fresh, scan.astype(np.uint8)), groups=groups)
        assert not result.passed
        assert result.spaces[0].copies == 0
        assert "stand out" in result.reasons[0]
        assert closest_pairs(result, 1)[0] == 7


def test_a_generator_that_blurs_its_training_scans_is_called_inauthentic(phantoms):
    training, groups, held_out, _ = phantoms
    repeated = np.clip(training + np.random.default_rng(2).normal(0, 6, training.shape), 0, 255).astype(np.uint8)
    features = random_features()
    result = audit(training, held_out, repeated, groups=groups, features=(features.name, features))
    assert result.spaces[0].closer_relative == 1.0
    assert result.spaces[0].authenticity < 0.1 < result.spaces[0].held_out_authenticity
    assert sum("lie relatively nearer" in reason for reason in result.reasons) == 2
    assert any("authenticity rate" in reason for reason in result.reasons)


def test_thresholds_are_data(phantoms):
    training, groups, held_out, fresh = phantoms
    generous = AuditThresholds(most_copies=1, most_near_copies=1, most_closer=0.2)
    result = audit(training, held_out, plant(fresh, training[3]), groups=groups, thresholds=generous)
    assert result.passed
    assert result.to_dict()["thresholds"]["most_copies"] == 1


def test_held_out_scans_that_are_training_scans_are_left_out_and_said(phantoms):
    training, groups, held_out, fresh = phantoms
    mixed = np.concatenate([held_out, training[:3]])
    result = audit(training, mixed, fresh, groups=groups)
    assert result.counts["held_out"] == len(held_out)
    assert any("3 held-out scans repeat a training scan" in note for note in result.notes)
    with pytest.raises(UserError, match="nothing to compare with"):
        audit(training, training[:6], fresh, groups=groups)


def test_few_held_out_scans_raise_the_limit_to_what_chance_gives(phantoms):
    training, groups, held_out, fresh = phantoms
    result = audit(training, held_out[:8], fresh, groups=groups)
    assert result.largest_closer == pytest.approx(1 - 0.01 ** (1 / 8))
    assert result.passed


def test_too_few_held_out_scans_are_said_and_training_scans_left_out_in_turn_instead(phantoms):
    training, groups, held_out, fresh = phantoms
    result = audit(training, held_out[:3], fresh, groups=groups)
    assert result.held_out_rule.endswith("all other groups; only 3 scans were held out")
    assert result.counts["held_out"] == len(training)


def test_the_result_is_json_and_the_same_each_time(phantoms):
    training, groups, held_out, fresh = phantoms
    first, second = (audit(training, held_out, fresh, groups=groups).to_dict() for _ in range(2))
    assert json.loads(json.dumps(first)) == json.loads(json.dumps(second))


def test_progress_ends_at_its_total(phantoms):
    training, groups, held_out, fresh = phantoms
    for held in (held_out, None):
        seen = []
        audit(training, held, fresh, groups=groups, progress=lambda done, total, seen=seen: seen.append((done, total)))
        assert seen[-1][0] == seen[-1][1] == len(seen)


def test_too_few_images_other_sizes_and_a_single_patient_are_refused_in_words(phantoms):
    training, groups, held_out, fresh = phantoms
    with pytest.raises(UserError, match="at least 4 generated images: got 3"):
        audit(training, held_out, fresh[:3])
    with pytest.raises(UserError, match="generated images are of 32x64x1 and the training scans of 64x64x1"):
        audit(training, held_out, fresh[:, ::2])
    with pytest.raises(UserError, match="at least 4 groups"):
        audit(training, None, fresh, groups=np.minimum(groups, 3))


def test_near_copies_of_the_training_scans_give_the_patients_away(phantoms):
    training, groups, held_out, fresh = phantoms
    held_out_groups = np.repeat(np.arange(15), 2)  # two frames of each of fifteen patients
    rng = np.random.default_rng(4)
    chosen = training[rng.integers(len(training), size=60)]
    repeated = np.clip(gaussian_filter(chosen, (0, 1, 1, 0)) + rng.normal(0, 10, chosen.shape), 0, 255).astype(np.uint8)
    leaking, innocent = (
        audit(training, held_out, generated, groups=groups, held_out_groups=held_out_groups)
        for generated in (repeated, fresh)
    )
    assert leaking.membership.low > 0.6
    assert any("who was trained on can be found out: membership AUC" in reason for reason in leaking.reasons)
    assert innocent.membership.low < 0.5 < innocent.membership.high
    assert innocent.passed
    assert any(note.startswith("Membership attack: AUC 0.") for note in innocent.notes)
    assert innocent.to_dict()["membership"]["unseen_patients"] == 15


def test_without_enough_unseen_patients_the_attack_is_not_made_and_that_is_said(phantoms):
    training, groups, held_out, fresh = phantoms
    few = "it needs at least 10 training patients"
    unknown = "it is not known whose the unseen scans are"
    for unseen, whose, why in ((None, None, few), (held_out[:9], np.arange(9), few), (held_out, None, unknown)):
        result = audit(training, unseen, fresh, groups=groups, held_out_groups=whose)
        assert result.membership is None
        assert any(f"no membership attack was made: {why}" in note for note in result.notes)
