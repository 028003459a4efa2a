"""One row of a comparison: a U-Net trained and scored in memory, as often as one likes in a process."""

from collections.abc import Sequence
from pathlib import Path

import keras

from tfgan_thyroid.data.records import schema
from tfgan_thyroid.segmentation.config import SegmentationConfig
from tfgan_thyroid.segmentation.examples import SegmentationExamples, load_examples, load_training_examples
from tfgan_thyroid.segmentation.fit import train_unet
from tfgan_thyroid.segmentation.new_run import refuse_test_scans
from tfgan_thyroid.segmentation.scores import SegmentationScores, score
from tfgan_thyroid.segmentation.synthetic_pairs import load_synthetic


def train_and_score(
    config: SegmentationConfig,
    data: Path,
    *,
    labelled_ids: Sequence[str] | None = None,
    synthetic: Path | SegmentationExamples | None = None,
    seed: int | None = None,
) -> SegmentationScores:
    """Trains a U-Net on scans of the train split, with or without generated pairs, and scores it on the test split.

    A pure function of its arguments and the files that they name: it writes nothing. TensorFlow keeps some 20 MB of
    each call's graphs until the process ends. Two calls of the same seed and
    limit use the same labelled scans and the same initial values, whatever generated pairs come with them, so that
    rows can be compared seed by seed.

    Args:
        config: image size and channels are taken from the data set; `labelled_limit` and `synthetic_limit` choose a
            part. Early stopping must be off.
        data: a dataset directory with masks.
        labelled_ids: source ids of the labelled scans to use, instead of `labelled_limit`.
        synthetic: a data set with masks, a folder of generated pairs, or examples.
        seed: instead of `config.seed`.

    Returns:
        Scores by image and by group of the test split.

    Raises:
        UserError: data that is missing or does not fit, a generated image that is a test scan, or training that
            diverged.
    """
    info = schema.DatasetInfo.load(data)
    config = config.replace(image_size=info.image_size, channels=info.channels)
    if seed is not None:
        config = config.replace(seed=seed)
    training = load_training_examples(data)
    if labelled_ids is not None:
        training = training.with_ids(labelled_ids)
    elif config.labelled_limit:
        training = training.draw(config.labelled_limit, config.seed)
    if isinstance(synthetic, Path):
        synthetic = load_synthetic(synthetic, config.image_size, config.synthetic_limit, config.soft)
    elif synthetic is not None and config.synthetic_limit:
        synthetic = synthetic.select(range(config.synthetic_limit))
    test = load_examples(data, "test")
    if synthetic is not None:
        refuse_test_scans(synthetic, test)
    return train_and_score_examples(config, training, test, synthetic)


def train_and_score_examples(
    config: SegmentationConfig,
    training: SegmentationExamples,
    test: SegmentationExamples,
    synthetic: SegmentationExamples | None = None,
) -> SegmentationScores:
    """As `train_and_score`, on examples in memory: also for generated pairs as the test or all of the training."""
    model = train_unet(config, training, synthetic)
    scores = score(test, model.predict_masks(test.images))
    keras.backend.clear_session()  # Keras 2.15 keeps every model's symbolic graph until it is cleared
    return scores
