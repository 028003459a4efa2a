import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.losses.zero_centered_penalty import zero_centered_penalty

SHAPES = [(5, 6), (5, 3, 4, 2)]


def linear_critic(weight):
    return lambda x: tf.reduce_sum(tf.reshape(x * weight, [tf.shape(x)[0], -1]), axis=1, keepdims=True)


def random(shape, seed):
    return tf.constant(np.random.default_rng(seed).normal(size=shape), tf.float32)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_penalty_of_a_linear_critic_is_its_squared_norm_and_the_scores_are_the_critics(shape):
    weight, points = random((1, *shape[1:]), 0), random(shape, 1)
    penalty, scores = zero_centered_penalty(linear_critic(weight), points)
    assert float(penalty) == pytest.approx(np.square(weight).sum(), rel=1e-5)
    np.testing.assert_array_equal(scores, linear_critic(weight)(points))


@pytest.mark.parametrize("shape", SHAPES)
def test_its_gradient_by_a_linear_critics_weight_is_twice_the_weight(shape):
    weight = tf.Variable(random((1, *shape[1:]), 0))
    with tf.GradientTape() as tape:
        penalty, _ = zero_centered_penalty(linear_critic(weight), random(shape, 1))
    np.testing.assert_allclose(tape.gradient(penalty, weight), 2.0 * weight.numpy(), rtol=1e-5)


def test_it_is_a_mean_over_examples():
    # grad of sum(x^2) / 2 is x itself: squared norms 9 and 1.
    points = tf.constant([[3.0, 0.0], [0.0, 1.0]])
    penalty, _ = zero_centered_penalty(lambda x: 0.5 * tf.reduce_sum(x * x, axis=1, keepdims=True), points)
    assert float(penalty) == pytest.approx(5.0, rel=1e-6)


def test_of_several_scores_of_one_example_the_mean_counts():
    # Scores x_1 and 3 x_2: their mean has the gradient (1/2, 3/2).
    penalty, scores = zero_centered_penalty(lambda x: x * tf.constant([1.0, 3.0]), tf.ones([4, 2]))
    assert scores.shape == (4, 2)
    assert float(penalty) == pytest.approx(2.5, rel=1e-6)


def test_the_scores_carry_the_gradient_of_the_critics_loss():
    weight = tf.Variable(random((1, 6), 0))
    points = random((5, 6), 1)
    with tf.GradientTape() as tape:
        _, scores = zero_centered_penalty(linear_critic(weight), points)
        loss = tf.reduce_mean(scores)
    np.testing.assert_allclose(tape.gradient(loss, weight)[0], points.numpy().mean(axis=0), rtol=1e-5)


def test_a_bfloat16_critic_is_penalised_in_float32():
    weight = random((1, 6), 0)
    critic = lambda x: tf.cast(linear_critic(tf.cast(weight, tf.bfloat16))(tf.cast(x, tf.bfloat16)), tf.float32)  # noqa: E731
    penalty, _ = zero_centered_penalty(critic, random((5, 6), 1))
    assert penalty.dtype == tf.float32
    assert float(penalty) == pytest.approx(np.square(weight).sum(), rel=2e-2)
