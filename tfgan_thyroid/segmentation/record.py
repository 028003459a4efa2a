"""The record that starts a segmentation run. Imports no TensorFlow."""

from dataclasses import dataclass
from pathlib import Path

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.runs.run_directory import SEGMENTATION, RunDirectory
from tfgan_thyroid.segmentation.config import SegmentationConfig


@dataclass(frozen=True)
class SegmentationRecord:
    """What the `config.json` of a U-Net holds."""

    config: SegmentationConfig  # the resolved configuration
    data: str  # absolute path of the labelled data set; stays in this file
    synthetic: str | None  # absolute path of the generated pairs, or None; stays in this file
    dataset_digest: str  # content digest of the labelled data set
    synthetic_digest: str | None  # SHA-256 over the generated pairs that are used, or None
    labelled_ids: list[str]  # source ids of the labelled scans that are used
    synthetic_count: int  # generated pairs that are used
    stack: dict[str, str]  # versions of TensorFlow and Keras
    package_version: str  # version of this package

    @property
    def kind(self) -> str:
        """Tells it from the record of a generative model."""
        return SEGMENTATION

    @property
    def run_name(self) -> str:
        """Network, image size, and how many scans and generated pairs it learns from."""
        generated = f"-{self.synthetic_count}generated" if self.synthetic_count else ""
        return f"unet-{self.config.image_size}px-{len(self.labelled_ids)}real{generated}"


def read_record(run: RunDirectory) -> SegmentationRecord:
    """The record of a U-Net's run."""
    fields = run.read_fields(SEGMENTATION)
    try:
        config = SegmentationConfig.from_dict(fields["config"])
        return SegmentationRecord(**{**fields, "config": config})
    except (KeyError, TypeError) as error:
        raise UserError(f"{run.config_file} is damaged or of another version ({error})") from None


def open_run(outdir: Path, which: str) -> RunDirectory:
    """The run that `--resume` names: `latest` under `outdir`, or a path."""
    return RunDirectory.latest(outdir, SEGMENTATION) if which == "latest" else RunDirectory.open(Path(which))
