import dataclasses

import numpy as np
import pytest

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.segmentation.batches import Part, epoch_steps, segmentation_batches, training_parts
from tfgan_thyroid.segmentation.config import SegmentationConfig
from tfgan_thyroid.segmentation.examples import load_examples

SCANS = 20  # of the labelled data set of conftest.py


@pytest.fixture(scope="module")
def examples(labelled_dataset):
    return load_examples(labelled_dataset, "train")


def batches(examples, count, batch_size=6, augmentation="none", seed=0, start_step=0):
    stream = segmentation_batches([Part(examples, batch_size)], augmentation, seed, start_step)
    return list(stream.take(count).as_numpy_iterator())


def places(examples, elements):
    """Which example each image of the batches is."""
    levels = [np.rint((images + 1.0) * 127.5).astype(np.uint8) for images, *_ in elements]
    known = {image.tobytes(): place for place, image in enumerate(examples.images)}
    return [known[image.tobytes()] for batch in levels for image in batch]


def test_a_batch_holds_images_in_minus_one_to_one_and_masks_of_zeros_and_ones(examples):
    ((images, masks, weights),) = batches(examples, 1)
    assert images.shape == masks.shape == (6, 16, 16, 1)
    assert images.dtype == masks.dtype == "float32"
    assert -1.0 <= images.min() < images.max() <= 1.0
    assert set(np.unique(masks)) == {0.0, 1.0}
    assert weights.tolist() == [1.0] * 6


def test_nothing_autotunes_the_stream_whose_thread_would_hold_up_the_end_of_training(examples):
    assert segmentation_batches([Part(examples, 6)], "none", seed=0).options().autotune.enabled is False


def test_each_image_comes_with_its_own_mask(examples):
    elements = batches(examples, 4)
    masks = np.concatenate([masks for _, masks, _ in elements])
    np.testing.assert_array_equal(masks, examples.masks[places(examples, elements)])


def test_every_example_comes_once_in_each_epoch_and_epochs_differ_in_order(examples):
    stream = places(examples, batches(examples, 10, batch_size=4))
    epochs = [stream[:SCANS], stream[SCANS : 2 * SCANS]]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(SCANS))
    assert epochs[0] != epochs[1]


def test_the_seed_decides_the_order(examples):
    first, again, other = (places(examples, batches(examples, 3, seed=seed)) for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize("augmentation", ["none", "conventional"])
@pytest.mark.parametrize("start", [1, 3, 11])
def test_a_stream_that_starts_later_brings_what_the_whole_one_brings_there(examples, augmentation, start):
    whole = batches(examples, start + 2, augmentation=augmentation)[start:]
    later = batches(examples, 2, augmentation=augmentation, start_step=start)
    for expected, found in zip(whole, later, strict=True):
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])


def test_augmentation_differs_from_epoch_to_epoch(examples):
    one = examples.select([0])
    images = [images for images, *_ in batches(one, 3, batch_size=1, augmentation="conventional")]
    assert not np.array_equal(images[0], images[1])
    assert not np.array_equal(images[1], images[2])


def test_a_batch_may_be_larger_than_the_examples(examples):
    ((images, *_),) = batches(examples.select(range(3)), 1, batch_size=8)
    assert len(images) == 8


def test_soft_masks_come_as_probabilities_with_the_weights_of_their_examples(examples):
    soft = dataclasses.replace(
        examples, soft_masks=np.where(examples.masks, 204, 51).astype(np.uint8), weights=np.arange(20, dtype=np.float32)
    )
    elements = batches(soft, 4)
    found = places(examples, elements)
    np.testing.assert_allclose(
        np.concatenate([masks for _, masks, _ in elements]), np.where(examples.masks[found], 0.8, 0.2), rtol=1e-6
    )
    assert np.concatenate([weights for *_, weights in elements]).tolist() == found


@pytest.mark.parametrize("start", [0, 5])
def test_with_fixed_shares_each_batch_holds_so_many_of_both_and_each_part_has_its_epochs(examples, start):
    real, synthetic = examples.select(range(4)), examples.select(range(4, 20))
    config = SegmentationConfig(batch_size=8, synthetic_share=0.5, synthetic_weight=0.25)
    parts = training_parts(config, real, synthetic)
    assert epoch_steps(parts) == 4  # 16 synthetic examples, 4 at a time
    stream = segmentation_batches(parts, "none", 0, start)
    elements = list(stream.take(4).as_numpy_iterator())
    rows = np.reshape(places(examples, elements), (4, 8))
    for row in rows:
        assert sorted(row[:4]) == [0, 1, 2, 3]  # the four real scans, each once in every batch
    assert sorted(rows[:, 4:].ravel()) == list(range(4, 20)) or start % 4
    assert all(weights.tolist() == [1.0] * 4 + [0.25] * 4 for *_, weights in elements)
    whole = list(segmentation_batches(parts, "none", 0).take(start + 4).as_numpy_iterator())[start:]
    for expected, found in zip(whole, elements, strict=True):
        np.testing.assert_array_equal(found[0], expected[0])


def test_without_a_share_synthetic_examples_are_mixed_in_and_a_share_of_nothing_is_refused(examples):
    real, synthetic = examples.select(range(4)), examples.select(range(4, 20))
    ((mixed, size),) = training_parts(SegmentationConfig(batch_size=8, synthetic_weight=0.5), real, synthetic)
    assert (len(mixed), size) == (20, 8)
    assert mixed.loss_weights.tolist() == [1.0] * 4 + [0.5] * 16
    with pytest.raises(UserError, match="synthetic_share 0.01 is 0 of 8 images"):
        training_parts(SegmentationConfig(batch_size=8, synthetic_share=0.01), real, synthetic)
