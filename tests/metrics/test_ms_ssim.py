import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.metrics.ms_ssim import C1, WEIGHTS, ms_ssim, pair_similarities, scale_weights


def textures(seed, count, size, channels=1):
    """Random images with structure at every scale, each pair partly alike."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(1, size, size, channels))
    images = shared + rng.normal(size=(count, size, size, channels))
    for step in (2, 4, 8, 16):
        coarse = rng.normal(size=(count, size // step + 1, size // step + 1, channels))
        images += coarse.repeat(step, axis=1).repeat(step, axis=2)[:, :size, :size]
    return np.clip(128 + 25 * images, 0, 255).astype(np.uint8)


def pairs(images):
    first, second = np.triu_indices(len(images), 1)
    return images[first] / np.float32(255), images[second] / np.float32(255)


@pytest.mark.parametrize(("size", "scales"), [(192, 5), (161, 5), (128, 4), (64, 3), (32, 2)])
def test_agrees_with_tensorflow(size, scales):
    images = textures(0, 4, size)
    weights = scale_weights(size, size)
    assert len(weights) == scales
    expected = tf.image.ssim_multiscale(*pairs(images), max_val=1.0, power_factors=list(weights))
    np.testing.assert_allclose(pair_similarities(images), expected.numpy(), atol=1e-5)


def test_agrees_with_tensorflow_on_several_channels():
    images = textures(1, 3, 64, channels=3)
    expected = tf.image.ssim_multiscale(*pairs(images), max_val=1.0, power_factors=list(scale_weights(64, 64)))
    np.testing.assert_allclose(pair_similarities(images), expected.numpy(), atol=1e-5)


@pytest.mark.slow
def test_agrees_with_pytorch_msssim():
    torch = pytest.importorskip("torch", reason="pytorch-msssim needs the extra: pip install -e '.[bench]'")
    pytorch_msssim = pytest.importorskip("pytorch_msssim", reason="needs the extra bench")
    images = textures(2, 4, 192)
    first, second = (torch.from_numpy(x.transpose(0, 3, 1, 2).astype(np.float64)) for x in pairs(images))
    weights = list(scale_weights(192, 192))
    expected = pytorch_msssim.ms_ssim(first, second, data_range=1.0, size_average=False, weights=weights)
    np.testing.assert_allclose(pair_similarities(images), expected.numpy(), atol=1e-5)


def test_the_set_is_the_mean_of_its_pairs_in_any_order():
    images = textures(3, 6, 64)
    values = [ms_ssim(images[[i, j]]) for i in range(6) for j in range(i)]
    assert len(pair_similarities(images)) == 15
    assert ms_ssim(images) == pytest.approx(np.mean(values), rel=1e-12)
    assert ms_ssim(images[::-1]) == pytest.approx(ms_ssim(images), rel=1e-12)


def test_equal_images_have_similarity_one():
    assert ms_ssim(np.repeat(textures(4, 1, 64), 3, axis=0)) == pytest.approx(1.0, abs=1e-12)


def test_flat_images_differ_in_luminance_alone():
    images = np.stack([np.full((64, 64, 1), level, np.uint8) for level in (51, 204)])
    luminance = (2 * 0.2 * 0.8 + C1) / (0.2**2 + 0.8**2 + C1)
    assert ms_ssim(images) == pytest.approx(luminance ** scale_weights(64, 64)[-1], rel=1e-9)


def test_an_inverted_image_is_clipped_at_zero():
    image = textures(5, 1, 64)
    assert ms_ssim(np.concatenate([image, 255 - image])) == 0.0


def test_similarity_falls_as_noise_grows():
    image = textures(6, 1, 128).astype(int)
    noise = np.random.default_rng(7).normal(size=image.shape)
    noisy = [np.clip(image + level * noise, 0, 255).astype(np.uint8) for level in (2, 10, 30, 80)]
    values = [ms_ssim(np.concatenate([image.astype(np.uint8), other])) for other in noisy]
    assert values == sorted(values, reverse=True)
    assert 0.0 < values[-1] < values[0] < 1.0


def test_scales_follow_the_size_and_weights_are_renormalised():
    sizes = {11: 1, 20: 1, 21: 2, 41: 3, 80: 3, 81: 4, 160: 4, 161: 5, 1000: 5}
    assert {size: len(scale_weights(size, 2000)) for size in sizes} == sizes
    assert scale_weights(64, 64) == pytest.approx(np.array(WEIGHTS[:3]) / sum(WEIGHTS[:3]))
    assert scale_weights(256, 256).sum() == pytest.approx(1.0)


def test_too_small_or_too_few_images_are_refused():
    with pytest.raises(UserError, match="at least 11x11 pixels, got 10x64"):
        ms_ssim(np.zeros((2, 10, 64, 1), np.uint8))
    with pytest.raises(UserError, match="got 1 images"):
        ms_ssim(np.zeros((1, 64, 64, 1), np.uint8))
