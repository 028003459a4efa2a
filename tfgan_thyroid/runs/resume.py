"""Checks of a new run's settings, and of a resumed run's, for generators and U-Nets alike. Imports no TensorFlow."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from tfgan_thyroid.data.records.schema import DatasetInfo
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.runs.run_directory import current_stack


def check_fixed_by_data(data: Path, fixed: Mapping[str, object], overrides: Mapping[str, object]) -> None:
    """Refuses an override of what the data set fixes.

    Raises:
        UserError: with the field's name and its value in the data set.
    """
    for name, value in fixed.items():
        if overrides.get(name, value) != value:
            raise UserError(f"{name} is {value} in {data}: preprocess the scans again to change it")


def check_same_run(stack: Mapping[str, str], digest: str, data: Path) -> None:
    """Refuses to resume on another software stack or another data set, where the run would not stay exact.

    Args:
        stack: versions that the run was made with.
        digest: content digest of the data set that it was started on.
        data: dataset directory to resume on.

    Raises:
        UserError: either differs.
    """
    here = current_stack()
    if stack != here:
        made, found = (" and ".join(f"{name} {version}" for name, version in s.items()) for s in (stack, here))
        raise UserError(f"this run was made with {made}, here are {found}: resume it where it was made")
    if DatasetInfo.load(data).digest != digest:
        raise UserError(f"{data} is not the data set that the run was started on: its content digest differs")


def resumable_changes(
    asked: Mapping[str, object], there: Mapping[str, object], resumable: Collection[str]
) -> dict[str, Any]:
    """The changes that resuming allows: its length and what it writes, nothing that it computes.

    Args:
        asked: values by field; None asks for nothing.
        there: the run's own values.
        resumable: fields that may change.

    Raises:
        UserError: another field would change.
    """
    for name, value in asked.items():
        if value is not None and value != there[name] and name not in resumable:
            raise UserError(
                f"a resumed run keeps its {name} ({there[name]!r}, not {value!r}): drop the flag or start a new run"
            )
    return {name: value for name, value in asked.items() if name in resumable}
