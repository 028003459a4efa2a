import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.segmentation.batches import Part
from tfgan_thyroid.segmentation.config import SegmentationConfig
from tfgan_thyroid.segmentation.examples import load_examples
from tfgan_thyroid.segmentation.fit import advance
from tfgan_thyroid.segmentation.mean_teacher import CONSISTENCY, DECAY, RAMP, MeanTeacher
from tfgan_thyroid.segmentation.metrics import confusion

CONFIG = SegmentationConfig(image_size=16, width=4, batch_size=8, epochs=3, decay_every=1, loss="both")


def batch(weights, masks_of_unlabelled=0.0):
    images = tf.random.stateless_uniform([4, 16, 16, 1], [0, 1], -1.0, 1.0)
    masks = tf.concat([tf.cast(images[:2] > 0.0, tf.float32), tf.fill([2, 16, 16, 1], masks_of_unlabelled)], axis=0)
    return images, masks, tf.constant(weights)


def model(steps=10):
    made = MeanTeacher(CONFIG, steps)
    made.compile()
    return made


@pytest.mark.parametrize(("step", "decay"), [(0, 0.1), (10, 11 / 20), (10**6, DECAY)])
def test_the_teacher_is_the_student_s_average_which_forgets_the_first_steps(step, decay):
    made = model()
    before = [weight.numpy() for weight in made.teacher.trainable_variables]
    made.iteration.assign(step)
    made.train_step(batch([1.0, 1.0, 0.0, 0.0]))
    pairs = zip(made.teacher.trainable_variables, before, made.unet.trainable_variables, strict=True)
    for average, old, weight in pairs:
        np.testing.assert_allclose(average, decay * old + (1 - decay) * weight.numpy(), rtol=1e-4, atol=1e-6)


def test_the_mask_of_an_image_of_weight_zero_counts_for_nothing():
    losses = [model().train_step(batch([1.0, 1.0, 0.0, 0.0], mask)) for mask in (0.0, 1.0)]
    assert {name: float(loss) for name, loss in losses[0].items()} == {n: float(v) for n, v in losses[1].items()}


def test_consistency_counts_little_at_first_and_fully_after_the_ramp():
    made = model(steps=10)  # 30 steps in all
    for step, left in ((0, 1.0), (6, 0.5), (12, 0.0), (29, 0.0)):
        made.iteration.assign(step)
        np.testing.assert_allclose(made._consistency_weight(), CONSISTENCY * np.exp(-5 * left**2), rtol=1e-5)
    assert made.ramp_steps == pytest.approx(RAMP * 30)


@pytest.mark.xfail(
    strict=False, reason="at this length the student still finds nothing: the weights of both losses are not tuned"
)
def test_few_labels_and_unlabelled_scans_teach_the_task(labelled_dataset):
    train, test = (load_examples(labelled_dataset, split) for split in ("train", "test"))
    unlabelled = dataclasses.replace(train, masks=np.zeros_like(train.masks)).weighted(0.0)
    made = model(steps=60)
    advance(made, [Part(train.select(range(4)).weighted(2.0), 4), Part(unlabelled, 4)], [])
    dice = [confusion(m, p).dice for m, p in zip(test.masks[..., 0], made.predict_masks(test.images), strict=True)]
    assert np.mean(dice) > 0.7
