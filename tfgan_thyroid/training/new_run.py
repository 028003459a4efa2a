"""From flags to the record of a new run, or to the checked record of a resumed one. Imports no TensorFlow."""

import dataclasses
from pathlib import Path

from tfgan_thyroid import __version__
from tfgan_thyroid.config import Config
from tfgan_thyroid.data.records.schema import DatasetInfo, shard_paths
from tfgan_thyroid.data.records.used_scans import used_scans
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.presets import preset
from tfgan_thyroid.runs.resume import check_fixed_by_data, check_same_run, resumable_changes
from tfgan_thyroid.runs.run_directory import RunRecord, current_stack

# What may change when a run is resumed: its length and what it writes, nothing that it computes.
RESUMABLE = {
    "iterations",
    "log_every",
    "image_every",
    "checkpoint_every",
    "metric_samples",
    "metric_draws",
    "best_metric",
}


def parse_assignment(text: str) -> tuple[str, object]:
    """`FIELD=VALUE` with a field of `Config` and a value of its type, or a `UserError`."""
    return Config.parse_assignment(text)


def new_record(
    data: Path, split: str, preset_name: str, overrides: dict[str, object], scan_ids: list[str] | None = None
) -> RunRecord:
    """The record of a new run.

    Args:
        data: a dataset directory, which fixes image size and channels whatever the preset says.
        split: the split to train on.
        preset_name: where the configuration starts from.
        overrides: fields of `Config` that differ from the preset.
        scan_ids: source ids of the scans to train on; None takes the whole split.

    Raises:
        UserError: an unknown preset, a bad value, no data set, an override of what the data set fixes, or a scan that
            the split does not have.
    """
    info = DatasetInfo.load(data)
    shard_paths(data, split)
    paired = bool(overrides.get("paired", preset(preset_name).paired))
    if paired and not info.masks:
        raise UserError(f"{data} has no masks to pair with its images: preprocess the scans again with --masks")
    fixed = {"image_size": info.image_size, "channels": info.channels + paired}
    check_fixed_by_data(data, fixed, overrides)
    config = preset(preset_name).replace(**{**overrides, **fixed})
    if scan_ids is not None:
        used_scans(data, split, scan_ids)
    return RunRecord(config, str(data.resolve()), split, info.digest, current_stack(), __version__, scan_ids)


def resumed_record(
    record: RunRecord, data: Path | None, split: str | None, preset_name: str | None, overrides: dict[str, object]
) -> RunRecord:
    """The record of a stopped run with the changes that resuming allows.

    Raises:
        UserError: another stack, another data set, or a flag that would change what the run computes.
    """
    directory = Path(data or record.data)
    check_same_run(record.stack, record.dataset_digest, directory)
    asked = {"split": split, "preset": preset_name, **overrides}
    there = {"split": record.split, **dataclasses.asdict(record.config)}
    changes = resumable_changes(asked, there, RESUMABLE)
    return dataclasses.replace(record, config=record.config.replace(**changes), data=str(directory.resolve()))
