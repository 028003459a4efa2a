"""The job as a graph: prepare -> plan the splits -> write the shards -> write the files beside them.

One line without side inputs or tagged outputs, so that every engine runs it. Dask is one of them: it computes the last
collection only, hands each consumer all outputs of a function, and computes side inputs again. Images, names and
hashes stay on disk, in the spill folder; only the names of files there cross the two shuffles.
"""

import apache_beam as beam
from apache_beam.pvalue import PCollection

from pipeline.preprocessing.prepare.prepare_scans import PrepareScansFn
from pipeline.preprocessing.settings import PreprocessSettings
from pipeline.preprocessing.write.finish_dataset import finish_dataset
from pipeline.preprocessing.write.write_shards import PlanTasksFn, RunTaskFn


class PreprocessScans(beam.PTransform):
    """Names of spilled batches of scans -> a complete dataset directory in the staging folder, and its `DatasetInfo`.

    `beam.Create` spreads the batches over the workers by itself.
    """

    def __init__(self, settings: PreprocessSettings) -> None:
        super().__init__()
        self._settings = settings

    def expand(self, batches: PCollection) -> PCollection:
        """Connect the steps."""
        return (
            batches
            | "PrepareScans" >> beam.ParDo(PrepareScansFn(self._settings))
            | "GatherScans" >> beam.GroupByKey()
            | "PlanTasks" >> beam.ParDo(PlanTasksFn(self._settings))
            | "SpreadTasks" >> beam.Reshuffle()
            | "RunTasks" >> beam.ParDo(RunTaskFn(self._settings))
            | "GatherResults" >> beam.GroupByKey()
            | "FinishDataset" >> beam.MapTuple(lambda _, results: finish_dataset(self._settings, list(results)))
        )
