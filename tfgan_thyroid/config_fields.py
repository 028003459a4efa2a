"""What configurations share: frozen dataclasses, copied with changes, written as JSON, set from a command line.

Imports no TensorFlow.
"""

import dataclasses
import json
from typing import Any, TypeVar

from tfgan_thyroid.errors import UserError, did_you_mean

Fields = TypeVar("Fields", bound="ConfigFields")
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


@dataclasses.dataclass(frozen=True)
class ConfigFields:
    """The base of a configuration, whose fields all have defaults and are checked in `__post_init__`."""

    def replace(self: Fields, **changes: Any) -> Fields:
        """A copy with some fields changed, checked again."""
        return dataclasses.replace(self, **changes)

    def to_json(self) -> str:
        """The fields as a JSON object, unrounded."""
        return json.dumps(dataclasses.asdict(self), indent=2)

    @classmethod
    def from_dict(cls: type[Fields], fields: dict) -> Fields:
        """The inverse of `dataclasses.asdict`.

        A field that an older version did not know takes its default, which is what that version did.

        Raises:
            UserError: a field is unknown, as in a run of a newer version.
        """
        odd = set(fields) - {field.name for field in dataclasses.fields(cls)}
        if odd:
            raise UserError(f"this configuration was written by another version (unknown: {', '.join(sorted(odd))})")
        return cls(**fields)

    @classmethod
    def parse_assignment(cls, text: str) -> tuple[str, object]:
        """The name and the value, of its type, in a command line's `FIELD=VALUE`.

        Raises:
            UserError: there is no such field, or the value is not of its type.
        """
        name, separator, value = text.partition("=")
        fields = {field.name: field for field in dataclasses.fields(cls)}
        if name not in fields:
            near = did_you_mean(name, fields) or f"; choose from {', '.join(fields)}"
            raise UserError(f"--set {text}: there is no field {name!r}{near}")
        if not separator:
            raise UserError(f"--set {text}: give a value behind it, as --set {name}={fields[name].default}")
        kind: Any = type(fields[name].default)
        try:
            return name, _BOOLEANS[value.lower()] if kind is bool else kind(value)
        except (ValueError, KeyError):
            raise UserError(f"--set {text}: {name} is of type {kind.__name__}") from None
