"""An artifact: a directory that a component wrote, with a manifest that says what it is and where it comes from.

    ROOT/Component/output/ID/
      artifact.json        the manifest
      ...                  what the component wrote

It appears by one rename, whole or not at all.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfgan_thyroid import __version__
from tfgan_thyroid.errors import UserError

MANIFEST = "artifact.json"


@dataclass(frozen=True)
class Artifact:
    """What a manifest holds."""

    name: str  # `Component/output/ID`, its place below the pipeline's root
    type: str  # in TFX's words, such as `Examples`, `Schema`, `Model`, `ModelBlessing`
    digest: str  # SHA-256 over the names and contents of its files
    parameters: dict[str, Any]  # of the component that wrote it
    parents: tuple[str, ...]  # names of the artifacts that it was made from
    started: str  # when its component began, ISO 8601 in UTC
    ended: str  # when it was whole
    code_version: str = ""  # of the component that wrote it, SHA-256
    package_version: str = __version__  # of this package
    # What its component says of it: `blessed`, `splits`, digests, metrics.
    properties: dict[str, Any] = field(default_factory=dict)

    @property
    def producer(self) -> str:
        """The component that wrote it."""
        return self.name.split("/")[0]

    @property
    def output(self) -> str:
        """Which of the component's outputs it is."""
        return self.name.split("/")[1]

    @property
    def execution(self) -> int:
        """The number of the execution that wrote it."""
        return int(self.name.split("/")[2])

    def path(self, root: Path) -> Path:
        """Its directory."""
        return root / self.name

    def write(self, directory: Path) -> None:
        """Writes the manifest into a directory that is about to become this artifact."""
        text = json.dumps({"producer": self.producer, **dataclasses.asdict(self)}, indent=2)
        (directory / MANIFEST).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, directory: Path) -> "Artifact":
        """The artifact of a directory."""
        try:
            fields = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
            fields.pop("producer", None)  # which its name tells
            if "properties" not in fields and (directory / "BLESSED").is_file():  # a manifest of before there were any
                fields["properties"] = {"blessed": 1}
            return cls(**{**fields, "parents": tuple(fields["parents"])})
        except FileNotFoundError:
            raise UserError(f"{directory} is no artifact (no {MANIFEST})") from None
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise UserError(f"{directory / MANIFEST} is damaged ({error})") from None


def directory_digest(directory: Path) -> str:
    """SHA-256 over the relative names and contents of all files of a directory, the manifest left out."""
    digest = hashlib.sha256()
    for path in sorted(directory.rglob("*")):
        if path.is_file() and path != directory / MANIFEST:
            digest.update(path.relative_to(directory).as_posix().encode() + b"\0")
            digest.update(_file_digest(path))
    return digest.hexdigest()


def _file_digest(path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.digest()


def size_of(directory: Path) -> int:
    """Bytes of all files of a directory."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
