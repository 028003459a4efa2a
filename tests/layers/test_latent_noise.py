import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.layers.latent_noise import PRIME, ROUNDS, LatentNoise, latent_noise

LATENTS = tf.random.stateless_normal([40, 256], [1, 2])


def test_the_noise_is_standard_normal_at_every_quantile():
    values = np.sort(latent_noise(LATENTS, 64, 0).numpy().ravel())
    expected = tf.math.ndtri(np.array([0.001, 0.01, 0.25, 0.5, 0.75, 0.99, 0.999])).numpy()
    found = np.quantile(values, [0.001, 0.01, 0.25, 0.5, 0.75, 0.99, 0.999])
    # 160,000 values: the error of the outermost quantiles is 0.024, one standard deviation.
    np.testing.assert_allclose(found, expected, atol=0.1)
    assert values.mean() == pytest.approx(0.0, abs=4 / len(values) ** 0.5)
    assert values.std() == pytest.approx(1.0, abs=4 / (2 * len(values)) ** 0.5)


def test_pixels_images_and_streams_are_independent():
    noise = latent_noise(LATENTS, 64, 0).numpy()[..., 0]
    bound = 5 / noise.size**0.5
    for axis in (0, 1, 2):
        for shift in (1, 2, 4, 16):
            assert abs((noise * np.roll(noise, shift, axis)).mean()) < bound, (axis, shift)
    assert abs((noise * latent_noise(LATENTS, 64, 1).numpy()[..., 0]).mean()) < bound
    power = np.square(np.abs(np.fft.fft2(noise))).mean(axis=0) / 64**2
    assert power.max() < 3.0  # white: each of 4096 frequencies is a mean over 40 images of an exponential


def test_the_hash_equals_numpy_in_whole_numbers():
    latents, stream = LATENTS[:2], 3
    keys = (latents.numpy() > 0) @ np.random.default_rng(stream).integers(PRIME, size=256)
    values = (keys[:, None] + np.arange(1, 17) * ROUNDS[0][0]) % PRIME
    for factor, increment in ROUNDS:
        values = ((values ^ (values >> 15)) * factor + increment) % PRIME
    expected = tf.math.ndtri((values + 0.5) / PRIME)
    np.testing.assert_allclose(latent_noise(latents, 4, stream).numpy().reshape(2, 16), expected, rtol=1e-6)


def test_it_depends_on_the_signs_of_its_own_latent_alone():
    noise = latent_noise(LATENTS, 8, 0)
    np.testing.assert_array_equal(noise, latent_noise(1.7 * LATENTS, 8, 0))
    np.testing.assert_array_equal(noise[5:6], latent_noise(LATENTS[5:6], 8, 0))
    flipped = LATENTS.numpy()
    flipped[:, 3] *= -1
    assert abs((noise * latent_noise(tf.constant(flipped), 8, 0)).numpy().mean()) < 5 / noise.numpy().size ** 0.5


def test_a_tape_finds_it_constant():
    latents = tf.Variable(LATENTS)
    with tf.GradientTape() as tape:
        noise = latent_noise(latents, 4, 0)
    assert tape.gradient(noise, latents) is None


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_noise_is_added_by_the_weight_of_each_channel(dtype):
    layer = LatentNoise(2, dtype=dtype)
    maps, latents = tf.random.stateless_normal([2, 4, 4, 3], [3, 4]), LATENTS[:2]
    maps = tf.cast(maps, layer.compute_dtype)
    layer([maps, latents])
    layer.set_weights([np.array([0.0, 1.0, -2.0], np.float32)])
    added = layer([maps, latents])
    assert added.dtype == maps.dtype
    expected = tf.cast(maps, tf.float32) + latent_noise(latents, 4, 2) * [0.0, 1.0, -2.0]
    np.testing.assert_allclose(tf.cast(added, tf.float32), expected, atol=1e-6 if dtype == "float32" else 5e-2)


def test_the_layer_survives_its_configuration():
    layer = LatentNoise(2, 0.3, name="noise")
    assert keras.layers.deserialize(keras.layers.serialize(layer)).get_config() == layer.get_config()
