import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.losses.gradient_penalty import gradient_penalty, interpolate

SHAPES = [(5, 6), (5, 3, 4, 2)]


def linear_critic(weight):
    return lambda x: tf.reduce_sum(tf.reshape(x * weight, [tf.shape(x)[0], -1]), axis=1, keepdims=True)


def random(shape, seed):
    return tf.constant(np.random.default_rng(seed).normal(size=shape), tf.float32)


@pytest.mark.parametrize("shape", SHAPES)
def test_penalty_of_a_linear_critic_is_its_norm_minus_one_squared(shape):
    weight = random((1, *shape[1:]), 0)
    expected = (np.linalg.norm(weight.numpy()) - 1.0) ** 2
    assert float(gradient_penalty(linear_critic(weight), random(shape, 1))) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_penalty_is_two_sided_and_zero_at_norm_one(shape):
    weight = random((1, *shape[1:]), 0)
    unit = weight / tf.norm(weight)
    points = random(shape, 1)
    assert float(gradient_penalty(linear_critic(unit), points)) == pytest.approx(0.0, abs=1e-12)
    assert float(gradient_penalty(linear_critic(0.5 * unit), points)) == pytest.approx(0.25, rel=1e-5)
    assert float(gradient_penalty(linear_critic(1.5 * unit), points)) == pytest.approx(0.25, rel=1e-5)


def test_penalty_is_a_mean_over_examples_and_not_of_the_batch_gradient():
    # grad of sum(x^2) / 2 is x itself: norms 3 and 1 give ((3 - 1)^2 + 0) / 2.
    points = tf.constant([[3.0, 0.0], [0.0, 1.0]])
    critic = lambda x: 0.5 * tf.reduce_sum(x * x, axis=1, keepdims=True)  # noqa: E731
    assert float(gradient_penalty(critic, points)) == pytest.approx(2.0, rel=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_gradient_of_the_penalty_reaches_the_critic(shape):
    weight = tf.Variable(3.0 * random((1, *shape[1:]), 0))
    with tf.GradientTape() as tape:
        penalty = gradient_penalty(linear_critic(weight), random(shape, 1))
    norm = tf.norm(weight)
    # d (|w| - 1)^2 / dw = 2 (|w| - 1) w / |w|
    np.testing.assert_allclose(tape.gradient(penalty, weight), 2.0 * (norm - 1.0) * weight / norm, rtol=1e-4)


def test_a_vanishing_gradient_gives_no_nan():
    weight = tf.Variable(tf.zeros([1, 6]))
    with tf.GradientTape() as tape:
        penalty = gradient_penalty(linear_critic(weight), random((5, 6), 1))
    assert float(penalty) == pytest.approx(1.0, rel=1e-6)
    assert np.all(np.isfinite(tape.gradient(penalty, weight)))


def test_a_bfloat16_critic_is_penalised_in_float32():
    weight = random((1, 6), 0)
    critic = lambda x: tf.cast(linear_critic(tf.cast(weight, tf.bfloat16))(tf.cast(x, tf.bfloat16)), tf.float32)  # noqa: E731
    penalty = gradient_penalty(critic, random((5, 6), 1))
    assert penalty.dtype == tf.float32
    # Each weight is off by up to 2^-9 of itself.
    assert float(penalty) == pytest.approx((np.linalg.norm(weight.numpy()) - 1.0) ** 2, rel=0.02)


@pytest.mark.parametrize("shape", SHAPES)
def test_interpolation_draws_one_uniform_coefficient_for_each_example(shape):
    shape = (2000, *shape[1:])
    real, fake = tf.ones(shape), tf.zeros(shape)
    alpha = interpolate(real, fake, tf.constant([1, 2])).numpy().reshape(shape[0], -1)
    assert np.all(alpha == alpha[:, :1])
    assert alpha.min() >= 0.0 and alpha.max() <= 1.0
    # A uniform variable has mean 1/2 and variance 1/12; four standard errors of 2,000.
    assert alpha[:, 0].mean() == pytest.approx(0.5, abs=4 * (1 / 12 / 2000) ** 0.5)
    assert alpha[:, 0].var() == pytest.approx(1 / 12, abs=4 * (1 / 180 / 2000) ** 0.5)


def test_interpolation_weighs_the_real_side_by_the_coefficient():
    real, fake = random((4, 3), 0), random((4, 3), 1)
    alpha = interpolate(tf.ones([4, 1]), tf.zeros([4, 1]), tf.constant([7, 8]))
    points = interpolate(real, fake, tf.constant([7, 8]))
    np.testing.assert_allclose(points, alpha * real + (1.0 - alpha) * fake, rtol=1e-6)


def test_interpolated_points_are_constants_to_an_outer_tape():
    fake = tf.Variable(random((4, 3), 1))
    with tf.GradientTape() as tape:
        points = interpolate(random((4, 3), 0), tf.convert_to_tensor(fake), tf.constant([1, 2]))
        total = tf.reduce_sum(points)
    assert tape.gradient(total, fake) is None
