"""The terms of the logistic losses, again in NumPy from probabilities."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.losses.adversarial import cross_entropy_as_fake, cross_entropy_as_real

SCORES = tf.constant([[-1.0], [0.0], [3.0]])
PROBABILITIES = 1.0 / (1.0 + np.exp(-SCORES.numpy()))
both = pytest.mark.parametrize("loss", [cross_entropy_as_real, cross_entropy_as_fake])


def test_the_cross_entropies_are_minus_the_log_probabilities_of_equation_1():
    assert float(cross_entropy_as_real(SCORES)) == pytest.approx(-np.mean(np.log(PROBABILITIES)), rel=1e-6)
    assert float(cross_entropy_as_fake(SCORES)) == pytest.approx(-np.mean(np.log(1.0 - PROBABILITIES)), rel=1e-5)


def test_their_difference_is_the_mean_score():
    """So a mean score is the log ratio log(D / (1 - D)) that alpha-GAN trains E and G on."""
    difference = cross_entropy_as_fake(SCORES) - cross_entropy_as_real(SCORES)
    assert float(difference) == pytest.approx(float(tf.reduce_mean(SCORES)), rel=1e-6)


@both
def test_an_undecided_critic_costs_ln_2(loss):
    assert float(loss(tf.zeros([3, 1]))) == pytest.approx(np.log(2.0))


def test_only_the_loss_of_equation_1_loses_its_gradient_where_the_critic_is_sure():
    sure = tf.constant([[-20.0]])
    gradients = []
    for loss in (cross_entropy_as_fake, cross_entropy_as_real):
        with tf.GradientTape() as tape:
            tape.watch(sure)
            value = loss(sure)
        gradients.append(tape.gradient(value, sure).numpy().item())
    # sigmoid(a) and -sigmoid(-a) at a = -20.
    assert gradients == pytest.approx([np.exp(-20.0), -1.0], rel=1e-5)


@both
def test_logits_of_hundreds_give_no_infinity(loss):
    assert np.isfinite(float(loss(tf.constant([[500.0], [-500.0]]))))
