import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.losses.kl_divergence import standard_normal_kl


def kl_by_quadrature(mean, variance):
    """The integral of p log(p / q) on a fine grid, for one latent."""
    z = np.linspace(-30.0, 30.0, 200_001)
    log_p = -0.5 * ((z - mean) ** 2 / variance + np.log(2 * np.pi * variance))
    log_q = -0.5 * (z**2 + np.log(2 * np.pi))
    return np.sum(np.exp(log_p) * (log_p - log_q)) * (z[1] - z[0])


def test_the_prior_itself_costs_nothing():
    assert float(standard_normal_kl(tf.zeros([3, 5]), tf.zeros([3, 5]))) == 0.0


@pytest.mark.parametrize(("mean", "variance"), [(0.0, 0.25), (1.5, 1.0), (-0.7, 3.0)])
def test_one_latent_equals_the_integral(mean, variance):
    kl = standard_normal_kl(tf.constant([[mean]]), tf.constant([[np.log(variance)]], tf.float32))
    assert float(kl) == pytest.approx(kl_by_quadrature(mean, variance), rel=1e-5)


def test_is_summed_over_the_latent_and_averaged_over_the_batch():
    means, variances = np.array([[0.3, -1.0], [2.0, 0.0]]), np.array([[0.5, 2.0], [1.0, 0.1]])
    each = np.vectorize(kl_by_quadrature)(means, variances)
    kl = standard_normal_kl(tf.constant(means, tf.float32), tf.constant(np.log(variances), tf.float32))
    assert float(kl) == pytest.approx(each.sum(axis=1).mean(), rel=1e-5)


def test_the_gradient_is_the_mean_and_half_the_excess_variance():
    means, log_variances = tf.constant([[0.4, -2.0]]), tf.constant([[0.3, -1.0]])
    with tf.GradientTape() as tape:
        tape.watch([means, log_variances])
        kl = standard_normal_kl(means, log_variances)
    by_mean, by_log_variance = tape.gradient(kl, [means, log_variances])
    np.testing.assert_allclose(by_mean, means, rtol=1e-6)
    np.testing.assert_allclose(by_log_variance, (np.exp(log_variances) - 1.0) / 2.0, rtol=1e-6)
