"""SchemaGen: what every record must hold, as `schema.pbtxt`."""

import shutil
from pathlib import Path

from pipeline.orchestration.component import Component, Workplace


class SchemaGen(Component):
    """Publishes the user's schema, or the one that the preprocessing job wrote for its records.

    Args:
        schema: a `schema.pbtxt` that the data must keep to, or None.

    Raises:
        UserError: it is not there, or no schema.
    """

    inputs = {"statistics": "StatisticsGen.statistics", "examples": "ExampleGen.examples"}
    outputs = {"schema": "Schema"}

    def __init__(self, schema: Path | None = None) -> None:
        if schema is not None:
            from pipeline.validation.schema_rules import load_rules

            load_rules(schema)
        super().__init__(schema=schema.read_text(encoding="utf-8") if schema else None)

    def run(self, workplace: Workplace) -> None:
        """Writes the schema."""
        from tfgan_thyroid.data.records.schema import SCHEMA_FILE

        place = workplace.outputs["schema"] / SCHEMA_FILE
        if self.parameters["schema"] is None:
            shutil.copy(workplace.inputs["examples"] / SCHEMA_FILE, place)
        else:
            place.write_text(self.parameters["schema"], encoding="utf-8")
