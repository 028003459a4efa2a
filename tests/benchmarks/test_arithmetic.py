"""The arithmetic of one iteration, against figures counted by hand."""

import pytest

from benchmarks.arithmetic import FORWARD_PASSES, forward_macs, iteration_macs, pass_macs

PAPER_SIZE = {"image_size": 256, "channels": 1, "width": 32, "latent_size": 256}


def test_forward_macs_of_a_tiny_model_counted_by_hand():
    macs = forward_macs(image_size=8, channels=2, width=3, latent_size=5, folded=False)
    assert macs["discriminator"] == 4 * 4 * 16 * 2 * 3 + 16 * 3
    assert macs["encoder"] == 4 * 4 * 16 * 2 * 3 + 16 * 3 * 5
    assert macs["generator"] == 16 * 5 * 3 + 8 * 8 * 9 * 3 * 2
    assert macs["code_discriminator"] == 5 * 1024 + 1024 * 1024 + 1024


def test_folding_saves_three_quarters_of_the_up_convolutions():
    plain = forward_macs(**PAPER_SIZE, folded=False)["generator"] - 16 * 256 * 1024
    folded = forward_macs(**PAPER_SIZE, folded=True)["generator"] - 16 * 256 * 1024
    assert folded * 4 == plain


def test_forward_macs_at_the_papers_size():
    macs = forward_macs(**PAPER_SIZE, folded=False)
    assert macs["discriminator"] / 1e9 == pytest.approx(0.680, abs=6e-4)
    assert macs["encoder"] / 1e9 == pytest.approx(0.684, abs=5e-4)
    assert macs["generator"] / 1e9 == pytest.approx(1.533, abs=5e-4)
    assert macs["code_discriminator"] / 1e6 == pytest.approx(1.3, abs=0.05)


def test_an_iteration_costs_33_gmacs_an_image_and_24_folded():
    assert iteration_macs(**PAPER_SIZE, folded=False) / 1e9 == pytest.approx(33.4, abs=0.05)
    assert iteration_macs(**PAPER_SIZE, folded=True) / 1e9 == pytest.approx(24.2, abs=0.05)


def test_the_updates_add_up_to_the_iteration_and_the_parts_of_d_to_its_update():
    macs = pass_macs(**PAPER_SIZE)
    assert sum(macs[name] for name in ("CD", "E", "D", "G")) == iteration_macs(**PAPER_SIZE, folded=True)
    assert sum(macs[name] for name in macs if name.startswith("D: ")) == macs["D"]


def test_passes_of_an_iteration_counted_by_hand():
    # CD: two batches and a penalty, and E's update. E: its own, and one look in each other. D: three batches and two
    # penalties, and two batches without weights' gradients. G: two looks, and two batches of its own.
    by_hand = {"code_discriminator": 6 + 6 + 2, "encoder": 3 + 3, "discriminator": 9 + 12 + 4, "generator": 2 + 6}
    assert FORWARD_PASSES == by_hand
