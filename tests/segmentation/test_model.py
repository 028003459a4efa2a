import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.segmentation.config import SegmentationConfig, steps_per_epoch
from tfgan_thyroid.segmentation.losses import bce_loss, dice_loss
from tfgan_thyroid.segmentation.model import build_segmentation_model

CONFIG = SegmentationConfig(image_size=16, width=4, batch_size=4, epochs=3, decay_every=2)


def batch(seed=0):
    images = tf.random.stateless_uniform([4, 16, 16, 1], [seed, 0], -1.0, 1.0)
    return images, tf.cast(images > 0.3, tf.float32)


@pytest.mark.parametrize(("images", "steps"), [(128, 8), (160, 10), (192, 12), (190, 12), (1, 1)])
def test_an_epoch_has_as_many_steps_as_its_images_fill_batches(images, steps):
    assert steps_per_epoch(images, 16) == steps


@pytest.mark.parametrize(("images", "steps"), [(128, 8), (160, 10), (192, 12)])
def test_the_learning_rate_falls_tenfold_every_twenty_epochs_however_many_steps_they_have(images, steps):
    config = SegmentationConfig(image_size=16, width=4)
    schedule = build_segmentation_model(config, steps_per_epoch(images, 16)).schedule
    rates = [
        float(schedule(step)) for step in (0, 20 * steps - 1, 20 * steps, 40 * steps - 1, 40 * steps, 60 * steps - 1)
    ]
    assert rates == pytest.approx([0.01, 0.01, 0.001, 0.001, 0.0001, 0.0001])


def test_the_optimizer_follows_the_schedule():
    """Adam's first steps are as long as the learning rate: the change of a bias shows it."""
    model = build_segmentation_model(CONFIG.replace(adam_epsilon=1e-12, beta_1=0.0, beta_2=0.0), steps_per_epoch=2)
    bias, moves = model.unet.trainable_variables[-1], []
    for step in range(6):
        before = np.asarray(bias)
        model.train_step(batch(step))
        moves.append(float(np.abs(np.asarray(bias) - before)[0]))
    assert moves == pytest.approx([0.01] * 4 + [0.001] * 2, rel=1e-3)


@pytest.mark.parametrize("name", ["bce", "dice", "both"])
def test_a_step_returns_its_losses_and_changes_every_variable(name):
    model = build_segmentation_model(CONFIG.replace(loss=name), 2)
    images, masks = batch()
    before = [np.asarray(weight) for weight in model.unet.trainable_variables]
    logits = model.unet(images, training=True)
    model = build_segmentation_model(CONFIG.replace(loss=name), 2)
    losses = model.train_step((images, masks))
    bce, dice = float(bce_loss(masks, logits)), float(dice_loss(masks, logits))
    assert float(losses["bce"]) == pytest.approx(bce, rel=1e-5)
    assert float(losses["dice_loss"]) == pytest.approx(dice, rel=1e-5)
    assert float(losses["segmentation_loss"]) == pytest.approx({"bce": bce, "dice": dice, "both": bce + dice}[name])
    assert int(model.iteration) == 1
    for old, new in zip(before, model.unet.trainable_variables, strict=True):
        assert not np.array_equal(old, np.asarray(new)), new.name


def test_the_losses_of_an_epoch_add_up_and_start_anew_in_the_next():
    model = build_segmentation_model(CONFIG, steps_per_epoch=3)
    losses = [float(model.train_step(batch(step))["bce"]) for step in range(5)]
    assert float(model.loss_sums[1]) == pytest.approx(sum(losses[3:]), rel=1e-5)
    assert model.epoch == 1


def test_training_learns_to_threshold_bright_patches():
    model = build_segmentation_model(CONFIG.replace(loss="both", width=8, decay_every=20), 4)
    step = tf.function(model.train_step)

    def patches(number):
        images = tf.image.resize(tf.random.stateless_uniform([4, 4, 4, 1], [number, 1], -1.0, 1.0), [16, 16])
        return images, tf.cast(images > 0.0, tf.float32)

    losses = [float(step(patches(number))["segmentation_loss"]) for number in range(60)]
    assert np.mean(losses[-5:]) < losses[0] / 2


def test_prediction_uses_moving_statistics_and_does_not_depend_on_the_other_images():
    model = build_segmentation_model(CONFIG, 2)
    model.train_step(batch())
    images = np.random.default_rng(0).integers(0, 256, (19, 16, 16, 1), dtype=np.uint8)
    whole = model.probabilities(images)
    assert whole.shape == (19, 16, 16, 1)
    assert 0.0 <= whole.min() <= whole.max() <= 1.0
    np.testing.assert_allclose(model.probabilities(images[7:8]), whole[7:8], atol=1e-6)
    masks = model.predict_masks(images)
    assert masks.dtype == bool
    np.testing.assert_array_equal(masks, whole[..., 0] >= 0.5)
