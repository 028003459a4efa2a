"""What the sharing experiment computes in its worker process."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_thyroid.callbacks.stopping import NonFiniteGuard
from tfgan_thyroid.data.preprocessing import quantize
from tfgan_thyroid.evaluation.generated_images import GENERATION_BATCH
from tfgan_thyroid.experiments.sharing.arms import ARMS, FINE_TUNING_RATE, Lesson
from tfgan_thyroid.experiments.sharing.case import TEACHERS, Case, sender_unet, store, write_weights
from tfgan_thyroid.models.random_draws import latents_from_seeds
from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.generator_weights import load_generator
from tfgan_thyroid.runs.run_directory import RunDirectory
from tfgan_thyroid.segmentation.batches import Part, training_parts
from tfgan_thyroid.segmentation.config import SegmentationConfig
from tfgan_thyroid.segmentation.examples import SegmentationExamples, load_examples
from tfgan_thyroid.segmentation.fit import REMEDY, advance
from tfgan_thyroid.segmentation.mean_teacher import MeanTeacher
from tfgan_thyroid.segmentation.model import SegmentationModel
from tfgan_thyroid.segmentation.scores import SegmentationScores, score
from tfgan_thyroid.serving.export.signatures import GeneratorSignatures


def teach(lesson: Lesson, config: SegmentationConfig, steps: int) -> SegmentationModel:
    """Trains a U-Net on a lesson for so many steps, the learning rate falling tenfold after each third of them."""
    config = config.replace(epochs=3, decay_every=1)
    if lesson.start is not None:
        config = config.replace(learning_rate=config.learning_rate * FINE_TUNING_RATE)
    model = (SegmentationModel if lesson.unlabelled is None else MeanTeacher)(config, -(-steps // 3))
    model.compile()
    if lesson.start is not None:
        model.unet.set_weights(lesson.start)
    if lesson.labelled is not None:
        advance(model, _parts(lesson, config), [NonFiniteGuard(remedy=REMEDY)])
    return model


def _parts(lesson: Lesson, config: SegmentationConfig) -> list[Part]:
    assert lesson.labelled is not None
    if lesson.unlabelled is None:
        return training_parts(config, lesson.labelled, lesson.synthetic)
    half = config.batch_size // 2
    # Twice the weight, since the mean of the loss is over the unlabelled half, too.
    return [Part(lesson.labelled.weighted(2.0), config.batch_size - half), Part(lesson.unlabelled, half)]


def sender_unets(data: Path, output: Path, sender: int, config: SegmentationConfig, steps: int, test: Path) -> dict:
    """Trains the sender's U-Nets on its labelled scans and keeps their weights, and their Dice on the test split."""
    labelled = load_examples(data, "train")
    found = []
    for number in range(TEACHERS):
        model = teach(Lesson(labelled), config.replace(seed=1000 * (sender + 1) + number), steps)
        write_weights(sender_unet(output, sender, number), model)
        found.append(_scored(model, load_examples(test, "test")).image_mean()["dice"])
    return {"labelled": len(labelled), "groups": len(set(labelled.group_ids)), "dice": found}


def generate(run: Path, file: Path, count: int) -> int:
    """Keeps images of a finished run, with masks if it makes pairs."""
    directory = RunDirectory.open(run)
    config = directory.read().config
    signatures = GeneratorSignatures(load_generator(config, checkpoints.find(directory, "latest")))
    parts: dict[str, list[np.ndarray]] = {}
    for first in range(0, count, GENERATION_BATCH):
        seeds = tf.range(first, min(first + GENERATION_BATCH, count), dtype=tf.int64)
        made = signatures.generate_from_latent(latents_from_seeds(seeds, config.latent_size))
        for name, values in made.items():
            parts.setdefault(name, []).append(values.numpy())
    masks = {"masks": np.concatenate(parts["mask"]) > 0.5} if "mask" in parts else {}
    store(file, {"images": quantize(np.concatenate(parts["image"])), **masks})
    return count


def arm_score(arm: str, case: Case, steps: int) -> dict[str, Any]:
    """The Dice of an arm's U-Net on the recipient's test split, by group."""
    lesson = ARMS[arm].lesson(case)
    config = case.config.replace(seed=case.draw, synthetic_share=0.5 if lesson.synthetic is not None else 0.0)
    model = teach(lesson, config, steps)
    if arm == "A":
        write_weights(case.own_unet(0), model)
        for number in range(1, TEACHERS):
            write_weights(case.own_unet(number), teach(lesson, config.replace(seed=case.draw + 100 * number), steps))
    scores = _scored(model, load_examples(case.recipient, "test"))
    synthetic = 0 if lesson.synthetic is None else len(lesson.synthetic)
    return {"groups": scores.group_means("dice"), "dice": scores.image_mean()["dice"], "synthetic": synthetic}


def curve_score(kind: str, data: Path, case: Case, steps: int) -> dict[str, Any]:
    """The Dice on the recipient's eval split, whose patients are used for nothing else, after so many steps.

    Args:
        kind: `few`, the case's own labels; `all`, all of the recipient's; `sender`, all of the sender's.
        data: data set of the sender.
        case: with the labels.
        steps: of training.
    """
    examples = {"few": case.own, "all": case.every, "sender": lambda: load_examples(data, "train")}[kind]()
    model = teach(Lesson(examples), case.config.replace(seed=case.draw), steps)
    return {"dice": _scored(model, load_examples(case.recipient, "eval")).image_mean()["dice"]}


def _scored(model: SegmentationModel, examples: SegmentationExamples) -> SegmentationScores:
    scores = score(examples, model.predict_masks(examples.images))
    keras.backend.clear_session()
    return scores
