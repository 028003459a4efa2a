"""ExampleValidator: whether the data set is what the schema and common sense ask for; stops the pipeline if not."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.components.component import Component
from pipeline.components.workplace import Workplace


@dataclass(frozen=True)
class ExampleValidator(Component):
    """Reads every record; the artifact holds `anomalies.json` and, as TFX has it, `Split-NAME/SchemaDiff.pb`."""

    inputs = {"examples": "ExampleGen.examples", "statistics": "StatisticsGen.statistics", "schema": "SchemaGen.schema"}
    outputs = {"anomalies": "ExampleAnomalies"}

    # Scans that a split must hold, by split: too few to train on, or to compare with, stop the pipeline.
    fewest: dict[str, int]

    def run(self, workplace: Workplace) -> None:
        """Checks, and writes what was found.

        Raises:
            UserError: there is no data set, or the schema is none.
        """
        from pipeline.validation.anomalies import ERROR, Anomaly, write_anomalies
        from pipeline.validation.validate_dataset import validate_dataset
        from tfgan_thyroid.data.records.schema import SCHEMA_FILE, DatasetInfo

        examples, schema = workplace.inputs["examples"], workplace.inputs["schema"] / SCHEMA_FILE
        anomalies = list(validate_dataset(examples, schema))
        counts = DatasetInfo.load(examples).counts
        for split, fewest in self.fewest.items():
            if counts[split] < fewest:
                detail = f"{counts[split]} scans, wanted at least {fewest}: bring more scans, or a larger share for it"
                anomalies.append(Anomaly(ERROR, "few records", detail, split))
        output = workplace.outputs["anomalies"]
        output.rmdir()
        write_anomalies(anomalies, output, schema.read_text(encoding="utf-8"))
        for anomaly in anomalies:
            workplace.log.info("%s", anomaly)

    def properties(self, outputs: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
        """The splits."""
        from tfgan_thyroid.data.records.schema import split_names

        return {"anomalies": {"splits": split_names(outputs["anomalies"])}}

    def stop_reason(self, outputs: Mapping[str, Path]) -> str | None:
        """The errors, in words; warnings do not stop."""
        from pipeline.validation.anomalies import ANOMALIES_FILE, ERROR

        found = json.loads((outputs["anomalies"] / ANOMALIES_FILE).read_text())["anomalies"]
        errors = [f"{item['kind']}: {item['detail']}" for item in found if item["severity"] == ERROR]
        return "; ".join(errors) or None
