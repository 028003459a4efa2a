"""The generator as it is served, against the Keras network that was trained; none of its numbers is the initial one."""

import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.networks.other_numbers import with_other_numbers
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.networks.generator import build_generator
from tfgan_thyroid.networks.smooth_generator import build_smooth_generator
from tfgan_thyroid.serving.export.inference_generator import InferenceGenerator
from tfgan_thyroid.serving.export.signatures import EncoderSignatures, GeneratorSignatures


def trained(image_size, channels, width=2, latent_size=8):
    return with_other_numbers(build_generator(image_size, channels, width, latent_size))


def pixels(files):
    return np.stack([np.asarray(Image.open(io.BytesIO(png))) for png in files.numpy()])


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("image_size", [8, 16, 32, 128])
def test_every_size_gives_the_images_of_the_trained_network(image_size, channels):
    generator = trained(image_size, channels)
    latents = tf.random.stateless_normal([3, 8], [1, 2])
    served = tf.function(InferenceGenerator(generator))(latents)  # as it is exported: a graph fuses what follows
    assert served.shape == (3, image_size, image_size, channels)
    assert np.std(served) > 1e-3
    np.testing.assert_allclose(served, generator(latents, training=False), atol=1e-5)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("image_size", [8, 16, 64])
def test_every_size_of_a_smooth_generator_gives_the_images_of_the_trained_network(image_size, channels):
    generator = with_other_numbers(build_smooth_generator(image_size, channels, 4, 8))
    latents = tf.random.stateless_normal([3, 8], [1, 2])
    served = tf.function(InferenceGenerator(generator))(latents)  # as it is exported: a graph fuses what follows
    assert served.shape == (3, image_size, image_size, channels)
    assert np.std(served) > 1e-3
    np.testing.assert_allclose(served, generator(latents, training=False), atol=1e-5)


def test_a_layer_that_the_inference_form_does_not_know_is_refused_by_its_name():
    generator = trained(16, 1)
    generator.add(keras.layers.LeakyReLU(name="surprise"))
    with pytest.raises(UserError, match="does not know layer 'surprise' of type LeakyReLU"):
        InferenceGenerator(generator)


def test_bfloat16_rounds_and_no_more():
    generator = trained(128, 1, width=4)
    latents = tf.random.stateless_normal([3, 8], [1, 2])
    half = InferenceGenerator(generator, "bfloat16")
    assert {v.dtype.name for v in half.variables if len(v.shape) > 1} == {"bfloat16"}
    images = half(latents)
    assert images.dtype == tf.float32
    difference = np.abs(images - generator(latents, training=False))
    assert 0 < difference.max() < 0.1


def test_an_image_differs_by_less_than_a_grey_level_whatever_else_is_in_the_batch():
    generator = InferenceGenerator(trained(32, 1, width=16, latent_size=64))
    latents = tf.random.stateless_normal([32, 64], [1, 2])
    together = generator(latents)
    for start, stop in ((0, 1), (5, 6), (3, 11)):
        np.testing.assert_allclose(generator(latents[start:stop]), together[start:stop], atol=1e-4)


def test_it_holds_no_more_numbers_than_the_trained_network():
    generator = build_generator(256, 1, 32, 256)
    count = sum(int(np.prod(v.shape)) for v in generator.variables)
    served = sum(int(np.prod(v.shape)) for v in InferenceGenerator(generator).variables)
    assert served < 1.01 * count


def test_the_second_channel_is_served_as_a_mask_of_two_levels():
    generator = trained(16, 2)
    offered = GeneratorSignatures(generator)
    seeds = tf.constant([4, 9], tf.int64)
    served = offered.serving_default(seeds)
    assert set(served) == {"image_bytes", "mask_bytes"}
    latents = GeneratorSignatures(trained(16, 1)).latent_size
    images = generator(_latents(seeds, latents), training=False).numpy()
    masks = pixels(served["mask_bytes"])
    assert set(np.unique(masks)) == {0, 255}
    np.testing.assert_array_equal(masks == 255, images[..., 1] > 0)
    np.testing.assert_allclose(pixels(served["image_bytes"]), (images[..., 0] + 1) * 127.5, atol=1.01)


def test_latents_give_image_and_mask_apart():
    generator = trained(16, 2)
    latents = tf.random.stateless_normal([3, 8], [1, 2])
    outputs = GeneratorSignatures(generator).generate_from_latent(latents)
    images = generator(latents, training=False).numpy()
    np.testing.assert_allclose(outputs["image"], images[..., :1], atol=1e-5)
    np.testing.assert_array_equal(outputs["mask"], images[..., 1:] > 0)


def test_a_paired_encoder_takes_image_and_mask():
    generator = trained(16, 2)
    seen = []

    class Encoder:
        input_shape = (None, 16, 16, 2)

        def __call__(self, images, training):
            seen.append(images.numpy())
            return tf.zeros([len(images), 8])

    offered = EncoderSignatures(Encoder(), GeneratorSignatures(generator))
    assert offered.input_names == ("image_bytes", "mask_bytes")
    grey, white = (tf.io.encode_png(tf.fill([16, 16, 1], tf.constant(level, tf.uint8))) for level in (51, 255))
    outputs = offered.reconstruct(grey[tf.newaxis], white[tf.newaxis])
    assert set(outputs) == {"image_bytes", "mask_bytes"}
    np.testing.assert_allclose(seen[0][0, 3, 3], [51 / 127.5 - 1, 1.0], atol=1e-6)


def _latents(seeds, latent_size):
    from tfgan_thyroid.models.random_draws import latents_from_seeds

    return latents_from_seeds(seeds, latent_size)
