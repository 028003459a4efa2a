"""StatisticsGen: what the records of each split hold, as TFX's `Split-NAME/FeatureStats.pb`."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.components.component import Component
from pipeline.components.workplace import Workplace


@dataclass(frozen=True)
class StatisticsGen(Component):
    """Publishes the statistics that the preprocessing job took of every record as it wrote it."""

    inputs = {"examples": "ExampleGen.examples"}
    outputs = {"statistics": "ExampleStatistics"}

    def run(self, workplace: Workplace) -> None:
        """Copies a file for each split, and the readable form."""
        from pipeline.preprocessing.write.feature_statistics import STATISTICS_FOLDER
        from tfgan_thyroid.data.records.schema import STATISTICS_FILE

        examples, output = workplace.inputs["examples"], workplace.outputs["statistics"]
        shutil.copytree(examples / STATISTICS_FOLDER, output, dirs_exist_ok=True)
        shutil.copy(examples / STATISTICS_FILE, output)

    def properties(self, outputs: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
        """The splits."""
        from tfgan_thyroid.data.records.schema import split_names

        return {"statistics": {"splits": split_names(outputs["statistics"])}}
