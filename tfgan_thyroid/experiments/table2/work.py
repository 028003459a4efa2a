"""What Table II computes in its worker process. TensorFlow is imported there alone, and not by who plans."""

from pathlib import Path
from typing import Any

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.segmentation.config import SegmentationConfig

GENERATED_SEED = 0
BATCH_SIZE = 32


def generate(run: Path, output: Path, count: int) -> None:
    """Writes pairs of a finished run, as `python -m tfgan_thyroid.generate` does."""
    from tfgan_thyroid.runs import checkpoints
    from tfgan_thyroid.runs.generator_weights import load_generator
    from tfgan_thyroid.runs.run_directory import RunDirectory
    from tfgan_thyroid.serving.image_folder import write_images

    directory = RunDirectory.open(run)
    config = directory.read().config
    checkpoint = checkpoints.find(directory, "latest")
    facts = {"run": run.resolve().name, "iteration": int(checkpoint.name), "image_size": config.image_size}
    write_images(load_generator(config, checkpoint), output, count, GENERATED_SEED, BATCH_SIZE, facts)


def quality(data: Path, labelled_ids: list[str], pairs: Path) -> dict[str, Any]:
    """The shapes of generated masks against those of the labelled scans that their generator has seen."""
    from tfgan_thyroid.data.records.schema import DatasetInfo
    from tfgan_thyroid.evaluation.pairs.quality import compare_shapes
    from tfgan_thyroid.segmentation.examples import load_examples
    from tfgan_thyroid.segmentation.synthetic_pairs import load_synthetic

    real = load_examples(data, "train").with_ids(labelled_ids)
    return compare_shapes(real, load_synthetic(pairs, DatasetInfo.load(data).image_size))


def score(config: SegmentationConfig, data: Path, labelled_ids: list[str], pairs: Path | None) -> dict[str, Any]:
    """A U-Net's scores on the test split: by group, and the means over the images of all groups together."""
    from tfgan_thyroid.segmentation.experiment import train_and_score

    scores = train_and_score(config, data, labelled_ids=labelled_ids, synthetic=pairs)
    if not scores.scored:
        raise UserError(f"no mask of the test split of {data} has foreground: there is no Dice to compare")
    mean = scores.image_mean()
    return {
        "groups": scores.group_means("dice", "iou"),
        "image_mean": {"dice": mean["dice"], "iou": mean["iou"]},
        "pooled": scores.pooled(),
        "class_mean": scores.class_mean(),
    }
