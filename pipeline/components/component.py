"""A component: a step of the pipeline with named inputs, outputs and arguments, and one `run`."""

import abc
import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

from pipeline.components.code_version import code_version
from pipeline.components.last_blessed import LastBlessed
from pipeline.components.workplace import Workplace

# Code that runs components, whose changes do not change what they write.
_MACHINERY = (
    "pipeline.components.component",
    "pipeline.components.code_version",
    "pipeline.components.child",
    "pipeline.components.last_blessed",
    "pipeline.components.workplace",
)
IN_FINGERPRINT = "in the fingerprint"
# Metadata of a dataclass field: an argument that does not decide the outputs, such as where they are copied to.
NOT_IN_FINGERPRINT = {IN_FINGERPRINT: False}


@dataclass(frozen=True)
class Component(abc.ABC):
    """A step of the pipeline. A subclass names its inputs and outputs, and overrides `run`.

    It knows no orchestrator. It is a frozen dataclass whose fields are its arguments, in types of JSON, so that another
    process can rebuild it.
    """

    # Where each comes from: `Component.output` of this run, or `LastBlessed`.
    inputs: ClassVar[Mapping[str, str | LastBlessed]] = {}
    outputs: ClassVar[Mapping[str, str]] = {}  # the type of each, in TFX's words, such as `Examples` or `Model`
    runs: ClassVar[tuple[str, ...]] = ()  # modules that it starts as processes; their code counts as its own
    # Packages and modules of this project whose code does not count, since it only logs.
    ignored_modules: ClassVar[tuple[str, ...]] = ()
    packages: ClassVar[tuple[str, ...]] = ()  # whose versions the outputs depend on
    reusable: ClassVar[bool] = True  # whether an earlier execution of the same work may stand in for a new one

    @abc.abstractmethod
    def run(self, workplace: Workplace) -> None:
        """Reads the inputs and writes the outputs.

        Raises:
            UserError: it cannot; the message names the cause, the file and the remedy.
        """

    def stop_reason(self, outputs: Mapping[str, Path]) -> str | None:
        """Why the pipeline must not go on from these outputs, None where it may."""
        return None

    def properties(self, outputs: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
        """What is worth knowing of the outputs without opening them, by output: blessings, splits, digests, metrics.

        Returns:
            Whole numbers, floats, strings, or for `splits` a list of names. A blessing has `blessed`, 1 or 0.
        """
        return {}

    @property
    def name(self) -> str:
        """As in the paths of its artifacts."""
        return type(self).__name__

    @property
    def parameters(self) -> dict[str, Any]:
        """All that decides the outputs beside the inputs, JSON-able: the arguments not marked `NOT_IN_FINGERPRINT`."""
        names = (field.name for field in dataclasses.fields(self) if field.metadata.get(IN_FINGERPRINT, True))
        return {name: getattr(self, name) for name in names}

    @property
    def version(self) -> str:
        """Of its code: that of its module, of what it runs, and of all that these import from this project."""
        return code_version([type(self).__module__, *self.runs], (*self.ignored_modules, *_MACHINERY))

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

    def to_json(self) -> str:
        """Class and arguments, from which `from_json` rebuilds an equal component."""
        kind = type(self)
        return json.dumps({"class": f"{kind.__module__}.{kind.__name__}", "arguments": dataclasses.asdict(self)})

    @staticmethod
    def from_json(text: str) -> "Component":
        """The component that `to_json` described."""
        described = json.loads(text)
        module, _, name = described["class"].rpartition(".")
        return getattr(import_module(module), name)(**described["arguments"])
