"""SchemaGen: what every record must hold, as `schema.pbtxt`."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from pipeline.components.component import Component
from pipeline.components.workplace import Workplace


@dataclass(frozen=True)
class SchemaGen(Component):
    """Publishes the user's schema, or the one that the preprocessing job wrote for its records."""

    inputs = {"statistics": "StatisticsGen.statistics", "examples": "ExampleGen.examples"}
    outputs = {"schema": "Schema"}

    schema: str | None = None  # text of a `schema.pbtxt` that the data must keep to, or None

    def run(self, workplace: Workplace) -> None:
        """Writes the schema."""
        from tfgan_thyroid.data.records.schema import SCHEMA_FILE

        place = workplace.outputs["schema"] / SCHEMA_FILE
        if self.schema is None:
            shutil.copy(workplace.inputs["examples"] / SCHEMA_FILE, place)
        else:
            place.write_text(self.schema, encoding="utf-8")


def read_schema(path: Path | None) -> str | None:
    """The text of a schema for `SchemaGen`, None where there is no file.

    Raises:
        UserError: it is not there, or no schema.
    """
    if path is None:
        return None
    from pipeline.validation.schema_rules import load_rules

    load_rules(path)
    return path.read_text(encoding="utf-8")
