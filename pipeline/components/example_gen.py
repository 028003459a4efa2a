"""ExampleGen: raw scans to a data set of TFRecords, by the preprocessing job."""

import dataclasses
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.orchestration.child import run_module
from pipeline.orchestration.component import Component, Workplace
from tfgan_thyroid.errors import UserError

if TYPE_CHECKING:
    from pipeline.preprocess import Job
    from pipeline.preprocessing.inputs.find_scans import ScanFile

JOB = "pipeline.preprocess"
# Settings left out of the manifest: they may hold names of patients and of files, and the key of the hashes.
REDACTED = ("groups", "listed", "salt", "staging")


class ExampleGen(Component):
    """Runs `python -m pipeline.preprocess`; the artifact is a dataset directory with `Split-train/` and so on.

    What counts is the content of the files and the settings, not where they lie nor which engine runs the job: Beam's
    flags and all paths are kept out of the parameters.

    Args:
        root: of the pipeline, where the data set will lie.
        scans: folder, pattern or file of the raw scans.
        masks: of the scans, or None.
        flags: further ones of the job, such as `--image-size 64`, and Beam's.

    Attributes:
        splits: those that are asked for.

    Raises:
        UserError: no scans, or a file of a flag that cannot be used.
        SystemExit: a wrong flag.
    """

    outputs = {"examples": "Examples"}
    runs = (JOB,)
    packages = ("numpy", "pillow")

    def __init__(self, root: Path, scans: str, masks: Path | None = None, flags: Sequence[str] = ()) -> None:
        from pipeline.preprocess import read_job

        self.words = ["--input", scans, *(["--masks", str(masks)] if masks else []), *flags]
        job = read_job([*self.words, "--output", str(root / self.name / "to-be")])
        wanted = [name for name, share in job.settings.splits.items() if share]
        self.splits = frozenset(job.settings.listed.values() if job.settings.listed else wanted)
        super().__init__(scans=fingerprint(job.scans), **_settings(job))

    def run(self, workplace: Workplace) -> None:
        """Runs the job, which writes the whole directory by one rename.

        Raises:
            UserError: the job failed; it has logged why.
        """
        output = workplace.outputs["examples"]
        output.rmdir()
        finished = run_module(JOB, [*self.words, "--output", str(output)], workplace.log)
        for line in finished.output.splitlines():
            workplace.log.info("%s", line)
        if finished.code:
            reason = finished.last_line.removeprefix("error: ")
            raise UserError(f"{JOB} ended with exit code {finished.code}: {reason}")


def _settings(job: "Job") -> dict[str, Any]:
    """Settings that decide the data set beside the scans, JSON-able; a digest in place of what is redacted."""
    settings = job.settings
    told = {
        field.name: getattr(settings, field.name)
        for field in dataclasses.fields(settings)
        if field.name not in (*REDACTED, "mask_label")
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
