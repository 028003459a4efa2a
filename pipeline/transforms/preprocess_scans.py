"""The job as a graph: prepare -> plan the splits -> write the shards -> write the files beside them."""

import apache_beam as beam
from apache_beam.pvalue import AsDict, AsList, AsSingleton, PCollection

from pipeline.transforms.contact_sheet import write_contact_sheet
from pipeline.transforms.finish_dataset import finish_dataset
from pipeline.transforms.prepare_scans import REJECTED, PrepareScanFn
from pipeline.transforms.settings import PreprocessSettings
from pipeline.transforms.split_statistics import MergeStatistics
from pipeline.transforms.write_shards import PLAN, SAMPLE, AssignShardsFn, WriteShardFn


class PreprocessScans(beam.PTransform):
    """`ScanFile`s -> a complete dataset directory in the staging folder, whose `DatasetInfo` is the output."""

    def __init__(self, settings: PreprocessSettings) -> None:
        super().__init__()
        self._settings = settings

    def expand(self, scans: PCollection) -> PCollection:
        """Connect the steps."""
        prepared = (
            scans
            | "Spread" >> beam.Reshuffle()
            | "PrepareScans" >> beam.ParDo(PrepareScanFn(self._settings)).with_outputs(REJECTED, main="prepared")
        )
        assigned = (
            prepared.prepared
            | "ListScans" >> beam.combiners.ToList()
            | "PlanSplits" >> beam.ParDo(AssignShardsFn(self._settings)).with_outputs(PLAN, SAMPLE, main="scans")
        )
        statistics = (
            assigned.scans
            | "GroupByShard" >> beam.GroupByKey()
            | "WriteShards" >> beam.ParDo(WriteShardFn(self._settings))
            | "MergeStatistics" >> beam.CombinePerKey(MergeStatistics())
        )
        sheet = (
            assigned[SAMPLE]
            | "ListSample" >> beam.combiners.ToList()
            | "ContactSheet" >> beam.Map(write_contact_sheet, self._settings)
        )
        del sheet
        return (
            scans.pipeline
            | "Once" >> beam.Create([self._settings])
            | "FinishDataset"
            >> beam.Map(
                finish_dataset,
                statistics=AsDict(statistics),
                rejected=AsList(prepared[REJECTED]),
                plan=AsSingleton(assigned[PLAN]),
            )
        )
