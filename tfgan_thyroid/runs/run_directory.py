"""A run directory: where it is, what lies where, and the record that starts it. Imports no TensorFlow.

runs/00000-NAME/
  config.json          RunRecord: written first
  scans.json           id, group and digest of every scan that a generative model learns from
  log.txt              what was printed
  diverged.txt         why training ended, where a loss or a weight was not finite
  stats.jsonl          losses of every logged iteration
  metrics.jsonl        metrics beside every checkpoint
  verdict.json         in words, of the last checkpoint that was judged
  report.html          the run at a glance
  reals.png fakes######.png reconstructions######.png curves.png
  checkpoints/         ITERATION/: the last two and the best
  tensorboard/
"""

import dataclasses
import json
import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, Protocol

from tfgan_thyroid import atomic, places
from tfgan_thyroid.config import Config
from tfgan_thyroid.errors import UserError

GENERATIVE = "generative"
SEGMENTATION = "segmentation"
COMMANDS = {GENERATIVE: "tfgan_thyroid.train", SEGMENTATION: "tfgan_thyroid.segment"}
LATEST = "latest"
"""Stands for the newest run of a kind wherever a run is named."""


def current_stack() -> dict[str, str]:
    """The versions that a run is bound to: bits differ between TensorFlow 2.15 with Keras 2 and 2.21 with Keras 3."""
    return {name: version(name) for name in ("tensorflow", "keras")}


class Record(Protocol):
    """A dataclass that a run directory starts with.

    Attributes:
        kind: what is trained: `generative` (also of records without a kind) or `segmentation`.
        run_name: what the directory is called behind its number.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def kind(self) -> str:
        """As above."""

    @property
    def run_name(self) -> str:
        """As above."""


@dataclass(frozen=True)
class RunRecord:
    """What the `config.json` of a generative model holds.

    Attributes:
        config: the resolved configuration.
        data: absolute path of the data set; stays in this file.
        split: the split that is trained on.
        dataset_digest: content digest of the data set.
        stack: versions of TensorFlow and Keras.
        package_version: version of this package.
        scan_ids: source ids of the scans of the split that are trained on, or None for all of them.
    """

    config: Config
    data: str
    split: str
    dataset_digest: str
    stack: dict[str, str]
    package_version: str
    scan_ids: list[str] | None = None

    @property
    def kind(self) -> str:
        """Tells it from the record of a U-Net."""
        return GENERATIVE

    @property
    def run_name(self) -> str:
        """Preset, model and image size."""
        return f"{self.config.preset}-{self.config.model}-{self.config.image_size}px"


class RunDirectory:
    """The paths inside one run directory.

    Args:
        path: of the directory.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config_file = path / "config.json"
        self.scans_file = path / "scans.json"
        self.log_file = path / "log.txt"
        self.diverged_file = path / "diverged.txt"
        self.stats_file = path / "stats.jsonl"
        self.metrics_file = path / "metrics.jsonl"
        self.verdict_file = path / "verdict.json"
        self.curves = path / "curves.png"
        self.checkpoints = path / "checkpoints"
        self.tensorboard = path / "tensorboard"

    @classmethod
    def create(cls, outdir: Path, record: Record) -> "RunDirectory":
        """Makes the next numbered directory under `outdir` and writes the record."""
        outdir.mkdir(parents=True, exist_ok=True)
        taken = max((_number(path) for path in list_runs(outdir)), default=-1)
        path = outdir / f"{taken + 1:05d}-{record.run_name}"
        path.mkdir()
        run = cls(path)
        run.write(record)
        run.checkpoints.mkdir()
        return run

    @classmethod
    def open(cls, path: Path) -> "RunDirectory":
        """An existing run directory; `latest` is the newest of `runs`, and `DIR/latest` that of DIR.

        Raises:
            UserError: it is none.
        """
        if path.name == LATEST and not path.exists():
            return cls.latest(path.parent if path.parent.name else Path("runs"))
        run = cls(path)
        if not run.config_file.is_file():
            raise UserError(
                f"{path} {places.describe(path)}, not a run directory (no config.json): give {LATEST}, or one of those "
                "that python -m tfgan_thyroid.train and .segment make under runs"
            )
        return run

    @classmethod
    def latest(cls, outdir: Path, kind: str = GENERATIVE) -> "RunDirectory":
        """The run of the highest number under `outdir`, of those of a kind.

        Raises:
            UserError: there is none.
        """
        runs = [path for path in list_runs(outdir) if _kind(path) == kind]
        if not runs:
            command = COMMANDS[kind]
            raise UserError(f"no run directory of python -m {command} under {outdir}: make one, or give another folder")
        return cls.open(runs[-1])

    def write(self, record: Record) -> None:
        """Writes `config.json`, whole or not at all."""
        fields = {"kind": record.kind, **dataclasses.asdict(record)}
        atomic.write_text(self.config_file, json.dumps(fields, indent=2) + "\n")

    def read(self) -> RunRecord:
        """The record of this run.

        Raises:
            UserError: `config.json` is damaged or of another version.
        """
        fields = self.read_fields(GENERATIVE)
        try:
            return RunRecord(**{**fields, "config": Config.from_dict(fields["config"])})
        except (KeyError, TypeError) as error:
            raise UserError(f"{self.config_file} is damaged or of another version ({error})") from None

    def read_fields(self, kind: str) -> dict[str, Any]:
        """The fields of `config.json`, without its kind.

        Raises:
            UserError: it is damaged, or the run is of another kind.
        """
        try:
            fields = json.loads(self.config_file.read_text())
            found = fields.pop("kind", GENERATIVE)
        except (json.JSONDecodeError, AttributeError, TypeError) as error:
            raise UserError(f"{self.config_file} is damaged or of another version ({error})") from None
        if found != kind:
            raise UserError(f"{self.path} is a run of {COMMANDS.get(found, found)}, not of {COMMANDS[kind]}")
        return fields


def read_lines(path: Path) -> list[dict]:
    """The objects of a JSON-lines file, without a last line that a killed process left unfinished."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]


def append_line(path: Path, fields: dict) -> None:
    """Appends one JSON object on a line, numbers unrounded."""
    with path.open("a") as file:
        file.write(json.dumps(fields) + "\n")


def forget_after(path: Path, iteration: int) -> None:
    """Drops the lines of a JSON-lines file that a resumed run will write again."""
    kept = [fields for fields in read_lines(path) if fields["iteration"] <= iteration]
    if path.exists():
        atomic.write_text(path, "".join(json.dumps(fields) + "\n" for fields in kept))


def list_runs(outdir: Path) -> list[Path]:
    """The run directories under a folder, by number."""
    if not outdir.is_dir():
        return []
    found = [path for path in outdir.iterdir() if re.fullmatch(r"\d{5}-.+", path.name) and path.is_dir()]
    return sorted(found, key=_number)


def _kind(run: Path) -> str:
    """What a run trains, a generative model where that cannot be read: `open` says what is wrong with it."""
    try:
        return json.loads((run / "config.json").read_text()).get("kind", GENERATIVE)
    except (OSError, json.JSONDecodeError, AttributeError):
        return GENERATIVE


def _number(path: Path) -> int:
    return int(path.name.split("-")[0])
