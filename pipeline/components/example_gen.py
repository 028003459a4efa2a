"""ExampleGen: raw scans to a data set of TFRecords, by the preprocessing job."""

import glob
import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.orchestration.component import Component, Workplace
from tfgan_thyroid.errors import UserError


class ExampleGen(Component):
    """Runs `python -m pipeline.preprocess`; the artifact is a dataset directory with `Split-train/` and so on.

    Args:
        scans: folder or pattern of the raw scans. Its path is kept out of the manifest: what counts is what lies there.
        masks: of the scans, or None.
        arguments: further flags of the job, such as `--image-size 64`, Beam's included.
    """

    outputs = {"examples": "Examples"}
    code = (
        "pipeline/preprocess.py",
        "pipeline/transforms",
        "tfgan_thyroid/data",
    )

    def __init__(self, scans: str, masks: Path | None = None, arguments: Sequence[str] = ()) -> None:
        self.scans = scans
        self.masks = masks
        found = {"scans": fingerprint(Path(scans))}
        if masks is not None:
            found["masks"] = fingerprint(masks)
        super().__init__(**found, arguments=list(arguments))

    def run(self, workplace: Workplace) -> None:
        """Runs the job, which writes the whole directory by one rename.

        Raises:
            UserError: the job failed; it has printed why.
        """
        output = workplace.outputs["examples"]
        output.rmdir()
        words = ["--input", self.scans, "--output", str(output), *self.parameters["arguments"]]
        if self.masks is not None:
            words += ["--masks", str(self.masks)]
        process = subprocess.run(
            [sys.executable, "-m", "pipeline.preprocess", *words], capture_output=True, text=True, check=False
        )
        for line in (process.stdout + process.stderr).splitlines():
            workplace.log.info("%s", line)
        if process.returncode:
            last = (process.stderr.strip() or "no message").splitlines()[-1]
            raise UserError(f"the preprocessing job ended with exit code {process.returncode}: {last}")


def fingerprint(place: Path) -> str:
    """What tells whether files changed: names, sizes and times of what matches, SHA-256."""
    digest = hashlib.sha256()
    if place.is_dir():
        names = [os.path.join(folder, name) for folder, _, found in os.walk(place) for name in found]
    else:
        names = glob.glob(str(place), recursive=True)
    for name in sorted(names):
        status = os.lstat(name)
        digest.update(os.fsencode(os.path.relpath(name, place.parent)))
        digest.update(f"\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()
