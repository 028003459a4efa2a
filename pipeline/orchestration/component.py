"""A component: a step of the pipeline with named inputs, outputs and parameters, and one `run`."""

import abc
import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

from pipeline.orchestration.artifact import Artifact
from pipeline.orchestration.code_version import code_version


@dataclass(frozen=True)
class Workplace:
    """What a component runs with.

    Attributes:
        inputs: directories of the artifacts that it reads, by input; an optional one that is not there is left out.
        outputs: empty directories to write to, by output; each becomes an artifact when `run` returns.
        scratch: a directory that outlives a killed run of this very work, for what can be continued.
        log: for its own log file and the screen.
    """

    inputs: Mapping[str, Path]
    outputs: Mapping[str, Path]
    scratch: Path
    log: logging.Logger


class Component(abc.ABC):
    """A step of the pipeline. A subclass names its inputs and outputs, and overrides `run`.

    Args:
        parameters: all that decides the outputs beside the inputs, JSON-able.

    Attributes:
        inputs: where each comes from, `Component.output`; of an optional one it may be missing.
        outputs: the type of each.
        reusable: whether an earlier execution of the same work may stand in for a new one.
        runs: modules that it starts as processes; their code counts as its own.
        beside: packages and modules of this project whose code does not count, since they only watch and tell.
        packages: whose versions the outputs depend on.
    """

    inputs: ClassVar[Mapping[str, str]] = {}
    optional: ClassVar[frozenset[str]] = frozenset()
    outputs: ClassVar[Mapping[str, str]] = {}
    runs: ClassVar[tuple[str, ...]] = ()
    beside: ClassVar[tuple[str, ...]] = ()
    packages: ClassVar[tuple[str, ...]] = ()
    reusable: ClassVar[bool] = True

    def __init__(self, **parameters: Any) -> None:
        self.parameters = parameters

    @property
    def name(self) -> str:
        """As in the paths of its artifacts."""
        return type(self).__name__

    @abc.abstractmethod
    def run(self, workplace: Workplace) -> None:
        """Reads the inputs and writes the outputs.

        Raises:
            UserError: it cannot; the message names the cause, the file and the remedy.
        """

    def resolve(self, done: Mapping[str, Artifact], history: Sequence[Artifact], root: Path) -> dict[str, Artifact]:
        """Inputs that come from earlier runs, such as the last blessed model; none here.

        Args:
            done: artifacts of this run, by `Component.output`.
            history: all artifacts of the root, oldest first.
            root: of the pipeline.
        """
        return {}

    def stop_reason(self, outputs: Mapping[str, Path]) -> str | None:
        """Why the pipeline must not go on from these outputs, None where it may."""
        return None

    @property
    def version(self) -> str:
        """Of its code: that of its module, of what it runs, and of all that these import from this project."""
        return code_version([type(self).__module__, *self.runs], (*self.beside, "pipeline.orchestration"))

    def fingerprint(self, input_digests: Mapping[str, str]) -> str:
        """What tells whether this work was done before: inputs, parameters, code and packages, SHA-256."""
        parts = {
            "component": self.name,
            "parameters": self.parameters,
            "inputs": dict(input_digests),
            "code": self.version,
            "packages": {name: version(name) for name in self.packages},
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
