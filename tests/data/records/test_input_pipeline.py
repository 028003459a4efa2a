import itertools

import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.data.records.conventional_augmentation import augment
from tfgan_thyroid.data.records.input_pipeline import load_images, training_batches
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.training.distribution import Distribution

SCANS = 20  # of the data set of conftest.py, each marked by its index in the first pixel


def marks(dataset, elements, **arguments):
    """The scans' indices in the order in which a stream brings them."""
    settings = {"split": "train", "batch_size": 3, "batches": 2, "seed": 0, **arguments}
    stream = training_batches(dataset, **settings).take(elements).as_numpy_iterator()
    return np.concatenate([np.rint((element[:, :, 0, 0, 0] + 1.0) * 127.5).astype(int).ravel() for element in stream])


def test_an_element_holds_the_batches_of_an_iteration_in_minus_one_to_one(dataset):
    element = next(iter(training_batches(dataset, "train", 3, 4, seed=0)))
    assert element.shape == (4, 3, 16, 16, 1)
    assert element.dtype == "float32"
    assert -1.0 <= np.min(element) < np.max(element) <= 1.0


def test_every_scan_comes_once_in_each_epoch_and_epochs_differ_in_order(dataset):
    stream = marks(dataset, 10)
    epochs = [stream[:SCANS].tolist(), stream[SCANS : 2 * SCANS].tolist()]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(SCANS))
    assert epochs[0] != epochs[1]


def test_the_seed_decides_the_order(dataset):
    assert marks(dataset, 5).tolist() == marks(dataset, 5).tolist()
    assert marks(dataset, 5).tolist() != marks(dataset, 5, seed=1).tolist()


@pytest.mark.parametrize("start", [1, 3, 4, 10, 57])
def test_a_stream_that_starts_later_brings_what_the_whole_one_brings_there(dataset, start):
    whole = marks(dataset, start + 3)
    np.testing.assert_array_equal(marks(dataset, 3, start_iteration=start), whole[start * 6 :])


def test_a_batch_may_be_larger_than_the_data_set(dataset):
    counts = np.bincount(marks(dataset, 1, batch_size=2 * SCANS + 5, batches=1), minlength=SCANS)
    assert counts.sum() == 2 * SCANS + 5
    assert set(counts) == {2, 3}


def test_the_stream_does_not_end(dataset):
    stream = training_batches(dataset, "train", SCANS, 1, seed=0)
    assert len(list(itertools.islice(stream, 12))) == 12


def test_nothing_autotunes_the_stream_whose_thread_would_hold_up_the_end_of_training(dataset):
    """A stream that autotunes took 38 to 59 seconds to end three times of twelve, after 45 seconds of use."""
    stream = training_batches(dataset, "train", 3, 2, seed=0)
    for endless in (stream, Distribution().batches(lambda part, parts: stream)):
        assert endless.options().autotune.enabled is False


def test_images_load_as_stored(dataset):
    images = load_images(dataset, "train", limit=7)
    assert images.shape == (7, 16, 16, 1)
    assert images.dtype == np.uint8
    assert images[:, 0, 0, 0].tolist() == [0, 2, 4, 6, 8, 10, 12]


def test_an_empty_split_is_named(dataset):
    with pytest.raises(UserError, match="test"):
        training_batches(dataset, "test", 2, 1, seed=0)


def test_masks_follow_as_a_second_channel_each_with_its_own_image(tmp_path, make_dataset):
    directory = make_dataset(tmp_path / "labelled", masks=True)
    stored = load_images(directory, "train", limit=SCANS, masks=True)
    assert stored.shape == (SCANS, 16, 16, 2)
    assert set(np.unique(stored[..., 1])) == {0, 255}
    mask_of = {image[0, 0, 0]: image[..., 1] for image in stored}
    assert len({mask.tobytes() for mask in mask_of.values()}) > 10
    batch = next(iter(training_batches(directory, "train", 8, 1, seed=0, masks=True)))[0].numpy()
    assert batch.shape == (8, 16, 16, 2)
    for example in np.rint((batch + 1.0) * 127.5).astype(np.uint8):
        np.testing.assert_array_equal(example[..., 1], mask_of[example[0, 0, 0]])


def test_conventional_augmentation_moves_a_scan_with_its_mask_anew_each_time(tmp_path, make_dataset):
    directory = make_dataset(tmp_path / "labelled", masks=True)
    settings = {"batch_size": SCANS, "batches": 1, "seed": 3, "masks": True}
    plain = training_batches(directory, "train", **settings).take(2)
    moved = list(training_batches(directory, "train", **settings, augmentation="conventional").take(2))
    for epoch, (images, result) in enumerate(zip(plain, moved, strict=True)):
        for index in range(0, SCANS, 7):
            seed = tf.constant([-4, epoch * SCANS + index], tf.int64)
            image, mask = augment(images[0, index, ..., :1], images[0, index, ..., 1:], seed)
            np.testing.assert_allclose(result[0, index, ..., :1], image, atol=1e-5)  # a graph rounds otherwise
            np.testing.assert_array_equal(result[0, index, ..., 1:], mask)
    alone = training_batches(directory, "train", **{**settings, "masks": False}, augmentation="conventional")
    np.testing.assert_array_equal(next(iter(alone)), moved[0][..., :1])


@pytest.mark.parametrize("part", [0, 1])
def test_augmentation_depends_on_the_place_in_the_whole_stream_alone(dataset, part):
    settings = {"split": "train", "batch_size": 4, "batches": 2, "seed": 0, "augmentation": "conventional"}
    whole = np.stack(list(training_batches(dataset, **settings).take(9).as_numpy_iterator()))
    later = training_batches(dataset, **settings, start_iteration=7, part=part, parts=2).take(2)
    np.testing.assert_array_equal(list(later.as_numpy_iterator()), whole[7:, :, 2 * part : 2 * part + 2])
