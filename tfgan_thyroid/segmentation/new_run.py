"""From flags to the record of a new segmentation run, or to the checked record of a resumed one."""

import dataclasses
import hashlib
import logging
from pathlib import Path

from tfgan_thyroid import __version__
from tfgan_thyroid.data.records import schema
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.runs.resume import check_fixed_by_data, check_same_run, resumable_changes
from tfgan_thyroid.runs.run_directory import current_stack
from tfgan_thyroid.segmentation.batches import epoch_steps, training_parts
from tfgan_thyroid.segmentation.config import SegmentationConfig
from tfgan_thyroid.segmentation.examples import SegmentationExamples, load_examples, load_training_examples
from tfgan_thyroid.segmentation.record import SegmentationRecord
from tfgan_thyroid.segmentation.synthetic_pairs import load_synthetic

LOG = logging.getLogger(__name__)

# What may change when a run is resumed: its length and what it writes, nothing that it computes.
RESUMABLE = {"epochs", "checkpoint_every", "overlay_every"}


@dataclasses.dataclass(frozen=True)
class SegmentationData:
    """All that a run reads."""

    labelled: SegmentationExamples  # scans with masks from the train split, those that are used
    synthetic: SegmentationExamples | None  # generated pairs, or None
    validation: SegmentationExamples | None  # the eval split, or None where it is empty or without foreground
    test: SegmentationExamples  # the test split

    def epoch_steps(self, config: SegmentationConfig) -> int:
        """Steps in which every labelled scan and generated pair comes at least once."""
        return epoch_steps(training_parts(config, self.labelled, self.synthetic))


def load_data(config: SegmentationConfig, data: Path, synthetic: Path | None) -> SegmentationData:
    """Reads and checks the data of a run.

    Raises:
        UserError: something of it is missing or does not fit; a generated image is a test scan; `early_stopping` has
            no eval split to look at.
    """
    labelled = load_training_examples(data)
    if config.labelled_limit:
        labelled = labelled.draw(config.labelled_limit, config.seed)
    has_validation = bool(schema.DatasetInfo.load(data).counts.get("eval"))
    if config.early_stopping and not has_validation:
        raise UserError(f"early_stopping watches the eval split, and {data} has none: give --splits when writing it")
    test, validation = load_examples(data, "test"), load_examples(data, "eval") if has_validation else None
    if not test.has_foreground:
        LOG.warning("warning: no mask of the test split of %s has foreground: there will be no score", data)
    if validation is not None and not validation.has_foreground:
        if config.early_stopping:
            raise UserError(f"early_stopping watches the eval split, and no mask of it has foreground in {data}")
        LOG.warning("warning: no mask of the eval split of %s has foreground: it is not watched", data)
        validation = None
    limit, soft = config.synthetic_limit, config.soft
    pairs = load_synthetic(synthetic, config.image_size, limit, soft) if synthetic else None
    if pairs is not None:
        refuse_test_scans(pairs, test)
    return SegmentationData(labelled, pairs, validation, test)


def refuse_test_scans(pairs: SegmentationExamples, test: SegmentationExamples) -> None:
    """Checks that no generated image equals a test scan, pixel by pixel."""
    copies = {image.tobytes() for image in pairs.images} & {image.tobytes() for image in test.images}
    if copies:
        raise UserError(
            f"{len(copies)} of the generated images are scans of the test split: the scores would mean nothing; "
            "generate from a model that has seen the train split alone"
        )


def new_record(
    data: Path, synthetic: Path | None, overrides: dict[str, object]
) -> tuple[SegmentationRecord, SegmentationData]:
    """The record of a new run, and its data.

    Args:
        data: a dataset directory with masks, which fixes image size and channels.
        synthetic: a data set with masks or a folder of generated pairs, or None.
        overrides: fields of `SegmentationConfig` that differ from the paper's setting.
    """
    info = schema.DatasetInfo.load(data)
    fixed = {"image_size": info.image_size, "channels": info.channels}
    check_fixed_by_data(data, fixed, overrides)
    config = SegmentationConfig().replace(**{**overrides, **fixed})
    if config.synthetic_limit and synthetic is None:
        raise UserError("synthetic_limit chooses from generated pairs: give --synthetic too")
    for name in ("synthetic_weight", "synthetic_share", "soft"):
        if getattr(config, name) != getattr(SegmentationConfig(), name) and synthetic is None:
            raise UserError(f"{name} is about generated pairs: give --synthetic too")
    loaded = load_data(config, data, synthetic)
    record = SegmentationRecord(
        config,
        str(data.resolve()),
        str(synthetic.resolve()) if synthetic else None,
        info.digest,
        _digest(loaded.synthetic),
        loaded.labelled.source_ids,
        0 if loaded.synthetic is None else len(loaded.synthetic),
        current_stack(),
        __version__,
    )
    return record, loaded


def resumed_record(
    record: SegmentationRecord, data: Path | None, synthetic: Path | None, overrides: dict[str, object]
) -> tuple[SegmentationRecord, SegmentationData]:
    """The record of a stopped run with the changes that resuming allows, and its data."""
    if synthetic is not None and record.synthetic is None:
        raise UserError("a resumed run keeps its examples: this one has no generated pairs; start a new run for them")
    directory = Path(data or record.data)
    check_same_run(record.stack, record.dataset_digest, directory)
    config = record.config.replace(**resumable_changes(overrides, dataclasses.asdict(record.config), RESUMABLE))
    pairs = synthetic or (Path(record.synthetic) if record.synthetic else None)
    loaded = load_data(config, directory, pairs)
    if _digest(loaded.synthetic) != record.synthetic_digest:
        raise UserError(f"{pairs} does not hold the generated pairs that the run was started on: its content differs")
    moved = dataclasses.replace(
        record, data=str(directory.resolve()), synthetic=str(pairs.resolve()) if pairs else None
    )
    return dataclasses.replace(moved, config=config), loaded


def _digest(examples: SegmentationExamples | None) -> str | None:
    if examples is None:
        return None
    learnt = [examples.images, examples.masks]
    learnt += [values for values in (examples.soft_masks, examples.weights) if values is not None]
    return hashlib.sha256(b"".join(values.tobytes() for values in learnt)).hexdigest()
