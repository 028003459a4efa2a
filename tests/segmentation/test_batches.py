import numpy as np
import pytest

from tfgan_thyroid.segmentation.batches import segmentation_batches
from tfgan_thyroid.segmentation.examples import load_examples

SCANS = 20  # of the labelled data set of conftest.py


@pytest.fixture(scope="module")
def examples(labelled_dataset):
    return load_examples(labelled_dataset, "train")


def batches(examples, count, batch_size=6, augmentation="none", seed=0, start_step=0):
    stream = segmentation_batches(examples, batch_size, augmentation, seed, start_step)
    return list(stream.take(count).as_numpy_iterator())


def places(examples, elements):
    """Which example each image of the batches is."""
    levels = [np.rint((images + 1.0) * 127.5).astype(np.uint8) for images, _ in elements]
    known = {image.tobytes(): place for place, image in enumerate(examples.images)}
    return [known[image.tobytes()] for batch in levels for image in batch]


def test_a_batch_holds_images_in_minus_one_to_one_and_masks_of_zeros_and_ones(examples):
    ((images, masks),) = batches(examples, 1)
    assert images.shape == masks.shape == (6, 16, 16, 1)
    assert images.dtype == masks.dtype == "float32"
    assert -1.0 <= images.min() < images.max() <= 1.0
    assert set(np.unique(masks)) == {0.0, 1.0}


def test_nothing_autotunes_the_stream_whose_thread_would_hold_up_the_end_of_training(examples):
    assert segmentation_batches(examples, 6, "none", seed=0).options().autotune.enabled is False


def test_each_image_comes_with_its_own_mask(examples):
    elements = batches(examples, 4)
    masks = np.concatenate([masks for _, masks in elements])
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
    images = [images for images, _ in batches(one, 3, batch_size=1, augmentation="conventional")]
    assert not np.array_equal(images[0], images[1])
    assert not np.array_equal(images[1], images[2])


def test_a_batch_may_be_larger_than_the_examples(examples):
    ((images, _),) = batches(examples.select(range(3)), 1, batch_size=8)
    assert len(images) == 8
