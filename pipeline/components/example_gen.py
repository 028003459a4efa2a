"""ExampleGen: raw scans to a data set of TFRecords, by the preprocessing job."""

import dataclasses
import functools
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.components.child import run_module
from pipeline.components.component import NOT_IN_FINGERPRINT, Component
from pipeline.components.workplace import Workplace
from tfgan_thyroid.errors import UserError

if TYPE_CHECKING:
    from pipeline.preprocess import Job
    from pipeline.preprocessing.inputs.find_scans import ScanFile

JOB = "pipeline.preprocess"
# Settings left out of the manifest: they may hold names of patients and of files, and the key of the hashes.
REDACTED = ("groups", "listed", "salt", "staging")


@dataclass(frozen=True)
class ExampleGen(Component):
    """Runs `python -m pipeline.preprocess`; the artifact is a dataset directory with `Split-train/` and so on.

    What counts is the content of the files and the settings, not where they lie nor which engine runs the job: Beam's
    flags and all paths are kept out of the parameters.

    Raises:
        UserError: no scans, or a file of a flag that cannot be used.
        SystemExit: a wrong flag.
    """

    outputs = {"examples": "Examples"}
    runs = (JOB,)
    packages = ("numpy", "pillow")

    root: str = field(metadata=NOT_IN_FINGERPRINT)  # of the pipeline, where the data set will lie
    scans: str = field(metadata=NOT_IN_FINGERPRINT)  # folder, pattern or file of the raw scans
    masks: str | None = field(default=None, metadata=NOT_IN_FINGERPRINT)  # of the scans, or None
    # Further ones of the job, such as `--image-size 64`, and Beam's.
    flags: list[str] = field(default_factory=list, metadata=NOT_IN_FINGERPRINT)

    def __post_init__(self) -> None:
        self.job  # noqa: B018 - whatever is wrong is told now

    @functools.cached_property
    def job(self) -> "Job":
        """What the flags ask for."""
        from pipeline.preprocess import read_job

        return read_job([*self._words, "--output", str(Path(self.root) / self.name / "to-be")])

    @functools.cached_property
    def parameters(self) -> dict[str, Any]:
        """The settings, and what tells whether the files changed."""
        return {"scans": fingerprint(self.job.scans), **_settings(self.job)}

    @property
    def splits(self) -> frozenset[str]:
        """Those that are asked for."""
        settings = self.job.settings
        wanted = [name for name, share in settings.splits.items() if share]
        return frozenset(settings.listed.values() if settings.listed else wanted)

    @property
    def _words(self) -> list[str]:
        return ["--input", self.scans, *(["--masks", self.masks] if self.masks else []), *self.flags]

    def run(self, workplace: Workplace) -> None:
        """Runs the job, which writes the whole directory by one rename."""
        output = workplace.outputs["examples"]
        output.rmdir()
        finished = run_module(JOB, [*self._words, "--output", str(output)], workplace.log)
        for line in finished.output.splitlines():
            workplace.log.info("%s", line)
        if finished.code:
            reason = finished.last_line.removeprefix("error: ")
            raise UserError(f"{JOB} ended with exit code {finished.code}: {reason}")

    def properties(self, outputs: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
        """The splits, and the digest of their pixels."""
        from tfgan_thyroid.data.records.schema import DatasetInfo, split_names

        examples = outputs["examples"]
        return {"examples": {"splits": split_names(examples), "pixel_digest": DatasetInfo.load(examples).digest}}


def _settings(job: "Job") -> dict[str, Any]:
    """Settings that decide the data set beside the scans, JSON-able; a digest in place of what is redacted."""
    settings = job.settings
    told = {
        setting.name: getattr(settings, setting.name)
        for setting in dataclasses.fields(settings)
        if setting.name not in (*REDACTED, "mask_label")
    }
    secret = repr([settings.groups, settings.listed, settings.salt])
    return {
        **told,
        "mask_label": settings.mask_label.name,
        "mask_format": job.arguments.mask_format,
        "strict": job.arguments.strict,
        "lists": hashlib.sha256(secret.encode()).hexdigest(),
    }


def fingerprint(scans: Sequence["ScanFile"]) -> str:
    """Shows whether files changed: names, sizes and times of the scans and of their masks, SHA-256.

    Names are those below the input, so that a folder that was moved as a whole is the same.
    """
    rows = [(scan.name, scan.path) for scan in scans]
    rows += [(scan.name + b" mask", scan.mask.source.path) for scan in scans if scan.mask is not None]
    digest = hashlib.sha256()
    for name, path in rows:
        try:
            status = os.stat(path)
            facts = f"{status.st_size} {status.st_mtime_ns}"
        except OSError as error:
            facts = str(error.errno)
        digest.update(name + b"\0" + facts.encode() + b"\0")
    return digest.hexdigest()
