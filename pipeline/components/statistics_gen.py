"""StatisticsGen: what the records of each split hold, as TFX's `Split-NAME/FeatureStats.pb`."""

import shutil

from pipeline.orchestration.component import Component, Workplace


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
