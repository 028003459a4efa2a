import pytest
import tensorflow as tf

from tfgan_thyroid.losses.adversarial import wasserstein_adversary_loss, wasserstein_critic_loss

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
