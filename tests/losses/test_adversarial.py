import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.losses.adversarial import (
    log_ratio_adversary_loss,
    logistic_critic_loss,
    non_saturating_adversary_loss,
    saturating_adversary_loss,
    wasserstein_adversary_loss,
    wasserstein_critic_loss,
)

REAL = tf.constant([[1.0], [3.0]])
GENERATED = tf.constant([[-1.0], [0.0]])
RECONSTRUCTED = tf.constant([[5.0], [7.0]])


def test_critic_loss_with_one_fake_is_equation_2():
    assert float(wasserstein_critic_loss(REAL, GENERATED)) == pytest.approx(-2.0 - 0.5)


def test_critic_loss_with_two_fakes_is_equation_3():
    assert float(wasserstein_critic_loss(REAL, GENERATED, RECONSTRUCTED)) == pytest.approx(-2 * 2.0 - 0.5 + 6.0)


def test_adversary_loss_wants_high_scores_of_each_fake():
    assert float(wasserstein_adversary_loss(GENERATED)) == pytest.approx(0.5)
    assert float(wasserstein_adversary_loss(GENERATED, RECONSTRUCTED)) == pytest.approx(0.5 - 6.0)


def probability(logits):
    return 1.0 / (1.0 + np.exp(-logits.numpy()))


def test_logistic_critic_loss_is_the_cross_entropy_of_equation_1():
    expected = -np.mean(np.log(probability(REAL))) - np.mean(np.log(1.0 - probability(GENERATED)))
    assert float(logistic_critic_loss(REAL, GENERATED)) == pytest.approx(expected, rel=1e-6)


def test_logistic_critic_loss_with_two_fakes_counts_the_real_side_twice():
    expected = -2.0 * np.mean(np.log(probability(REAL)))
    expected -= np.mean(np.log(1.0 - probability(GENERATED))) + np.mean(np.log(1.0 - probability(RECONSTRUCTED)))
    # 1 - sigmoid(7) keeps four digits in float32.
    assert float(logistic_critic_loss(REAL, GENERATED, RECONSTRUCTED)) == pytest.approx(expected, rel=1e-4)


def test_an_undecided_critic_costs_two_ln_2_a_pair():
    undecided = tf.zeros([3, 1])
    assert float(logistic_critic_loss(undecided, undecided)) == pytest.approx(2.0 * np.log(2.0))
    assert float(logistic_critic_loss(undecided, undecided, undecided)) == pytest.approx(4.0 * np.log(2.0))


def test_saturating_loss_is_that_of_equation_1():
    expected = np.mean(np.log(1.0 - probability(GENERATED)))
    assert float(saturating_adversary_loss(GENERATED)) == pytest.approx(expected, rel=1e-6)


def test_non_saturating_loss_is_minus_the_log_probability_of_real():
    expected = -np.mean(np.log(probability(GENERATED)))
    assert float(non_saturating_adversary_loss(GENERATED)) == pytest.approx(expected, rel=1e-6)


def test_log_ratio_loss_is_the_log_of_fake_over_real_for_each_fake():
    expected = sum(np.mean(np.log((1.0 - p) / p)) for p in map(probability, (GENERATED, RECONSTRUCTED)))
    assert float(log_ratio_adversary_loss(GENERATED, RECONSTRUCTED)) == pytest.approx(expected, rel=1e-4)


def test_only_the_saturating_loss_loses_its_gradient_where_the_critic_is_sure():
    sure = tf.constant([[-20.0]])
    gradients = []
    for loss in (saturating_adversary_loss, non_saturating_adversary_loss, log_ratio_adversary_loss):
        with tf.GradientTape() as tape:
            tape.watch(sure)
            value = loss(sure)
        gradients.append(tape.gradient(value, sure).numpy().item())
    # -sigmoid(a), -sigmoid(-a) and -1 at a = -20.
    assert gradients == pytest.approx([-np.exp(-20.0), -1.0, -1.0], rel=1e-5)


@pytest.mark.parametrize(
    "loss", [logistic_critic_loss, lambda r, f: saturating_adversary_loss(f), lambda r, f: log_ratio_adversary_loss(f)]
)
def test_logits_of_hundreds_give_no_infinity(loss):
    far = tf.constant([[500.0], [-500.0]])
    assert np.isfinite(float(loss(far, far)))
