import pytest
import tensorflow as tf

from tfgan_thyroid.losses.reconstruction import l1_loss


def test_l1_is_a_mean_over_batch_and_pixels():
    images = tf.zeros([2, 4, 4, 1])
    assert float(l1_loss(images, images + 0.25)) == pytest.approx(0.25)
    assert float(l1_loss(images, tf.concat([images[:1] - 1.0, images[1:]], axis=0))) == pytest.approx(0.5)


def test_l1_of_an_image_with_itself_is_zero():
    images = tf.random.stateless_normal([2, 4, 4, 1], [1, 2])
    assert float(l1_loss(images, images)) == 0.0
