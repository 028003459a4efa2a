import contextlib
import dataclasses
import json

import pytest

from tfgan_thyroid.config import MODELS, Config, stage_count
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.presets import PRESETS, preset


def test_the_paper_preset_holds_the_numbers_of_the_paper():
    config = preset("paper")
    assert (config.image_size, config.latent_size, config.batch_size) == (256, 256, 32)
    assert (config.learning_rate, config.beta_1, config.beta_2, config.adam_epsilon) == (2e-4, 0.9, 0.999, 1e-8)
    assert (config.penalty_weight, config.l1_weight) == (10.0, 10.0)
    assert config.iterations == 100_000  # 5,000 epochs of 609 images in batches of 32, to the nearest thousand
    assert (config.ema_decay, config.encoder_reconstruction_weight) == (0.0, 0.0)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_carry_their_name_and_survive_json(name):
    config = preset(name)
    assert config.preset == name
    assert Config.from_dict(json.loads(config.to_json())) == config


def test_an_unknown_preset_names_the_known_ones():
    with pytest.raises(UserError, match="'papr': choose one of paper, paper-small, paper-tuned, best, cpu, demo"):
        preset("papr")


@pytest.mark.parametrize(
    "changes",
    [
        {"image_size": 100},
        {"model": "gan2"},
        {"precision": "float16"},
        {"batch_size": 0},
        {"ema_decay": 1.0},
        {"penalty_pairs": "all"},
        {"log_every": 0},
        {"best_metric": "psnr"},
        {"critic_steps": 0, "model": "wgan-gp"},
        {"gan_loss": "hinge", "model": "gan"},
        {"kl_weight": -0.1, "model": "vae"},
        {"spectral_weight": -0.1},
        {"penalty_weight": float("nan")},
        {"l1_weight": float("inf")},
        {"data_augmentation": "diffaugment"},
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_field(changes):
    with pytest.raises(UserError, match=next(iter(changes)).replace("_", "[_ ]")):
        Config(**changes)


@pytest.mark.parametrize(
    ("option", "value", "model"),
    [
        ("critic_steps", 5, "wgan-gp"),
        ("gan_loss", "non-saturating", "gan"),
        ("kl_weight", 1.0, "vae"),
        ("spectral_weight", 1.0, "alpha-wgan-gp"),
    ],
)
def test_an_option_of_one_model_is_refused_under_every_other(option, value, model):
    assert getattr(Config(model=model, **{option: value}), option) == value
    for other in set(MODELS) - {model}:
        with pytest.raises(UserError, match=f"{option} is an option of {model}, and {other} has no use for it"):
            Config(model=other, **{option: value})


def test_a_record_of_another_version_is_refused_by_its_fields():
    fields = dataclasses.asdict(Config()) | {"new_option": 1}
    with pytest.raises(UserError, match="new_option"):
        Config.from_dict(fields)


def test_a_field_that_an_older_version_did_not_write_takes_its_default():
    fields = dataclasses.asdict(Config(width=8))
    del fields["best_metric"]
    assert Config.from_dict(fields) == Config(width=8, best_metric="mmd")


def test_the_image_sizes_are_those_that_halve_to_four():
    accepted = []
    for size in range(-8, 3000):
        with contextlib.suppress(UserError):
            stage_count(size)
            accepted.append(size)
    assert accepted == [8, 16, 32, 64, 128, 256, 512, 1024]


def test_stage_count_is_the_exponent():
    assert [stage_count(size) for size in (8, 16, 64, 256)] == [1, 2, 4, 6]
