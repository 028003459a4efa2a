"""The files beside the records: dataset.json, schema.pbtxt, statistics.json, rejected.jsonl, duplicates."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence

from pipeline.preprocessing.inputs.group_scans import DICOM_PATIENT
from pipeline.preprocessing.prepare.prepared_scan import RejectedScan
from pipeline.preprocessing.prepare.spilled_objects import load_object
from pipeline.preprocessing.settings import PreprocessSettings
from pipeline.preprocessing.splits.report_alike import summarize_alike, write_alike, write_duplicates
from pipeline.preprocessing.write.feature_statistics import write_feature_statistics
from pipeline.preprocessing.write.split_drift import drift
from pipeline.preprocessing.write.split_statistics import SplitStatistics
from pipeline.preprocessing.write.write_shards import PlanSummary, WrittenShard
from tfgan_thyroid import __version__
from tfgan_thyroid.data import preprocessing
from tfgan_thyroid.data.records import schema


def finish_dataset(settings: PreprocessSettings, results: Sequence[WrittenShard | str]) -> schema.DatasetInfo:
    """Write these files into the staging folder; the counts are those of the records written."""
    (name,) = [result for result in results if isinstance(result, str)]
    summary: PlanSummary = load_object(name, settings)
    statistics: dict[str, SplitStatistics] = {}
    for result in results:
        if isinstance(result, WrittenShard):
            statistics.setdefault(result.split, SplitStatistics()).merge(load_object(result.statistics, settings))
    rejected = summary.rejected
    write_rejected(settings, rejected)
    write_statistics(settings, statistics, summary)
    write_alike(summary.near_duplicates, settings)
    write_duplicates(summary.duplicates, settings)
    write_schema(settings)
    info = schema.DatasetInfo(
        schema_version=schema.SCHEMA_VERSION,
        counts={split: len(statistics[split].record_digests) if split in statistics else 0 for split in schema.SPLITS},
        image_size=settings.image_size,
        channels=1,
        masks=settings.masks,
        crop=settings.crop,
        resize=preprocessing.RESIZE_FILTER,
        seed=settings.seed,
        group_rule=group_rule(settings, summary.plan.split_of_group),
        package_version=__version__,
        digest=schema.dataset_digest({split: of.record_digests for split, of in statistics.items()}),
        splits=settings.splits if settings.listed is None else {},
        groups={split: len(statistics[split].groups) if split in statistics else 0 for split in schema.SPLITS},
        rejected=len(rejected),
        keyed_ids=settings.salt is not None,
        white_level=settings.white_level,
        listed_splits=settings.listed is not None,
        near_duplicates=settings.near_duplicates,
        inpainted=settings.inpaint_overlays,
    )
    info.save(settings.staging)
    return info


def group_rule(settings: PreprocessSettings, groups: Iterable[str]) -> str:
    """Where a scan's group comes from, in a word; a table is not named."""
    if settings.groups is not None:
        return "table"
    if settings.group_pattern is not None:
        return f"pattern:{settings.group_pattern}"
    return "dicom-patient" if any(group.startswith(DICOM_PATIENT) for group in groups) else "file"


def write_rejected(settings: PreprocessSettings, rejected: Sequence[RejectedScan]) -> None:
    """One JSON object a refused file, by name; bytes that are no UTF-8 appear as lone surrogates."""
    with open(settings.staging / schema.REJECTED_FILE, "w", encoding="ascii") as file:
        for scan in sorted(rejected, key=lambda scan: scan.name):
            row = {"path": os.fsdecode(scan.name), "reason": scan.reason, "detail": scan.detail}
            file.write(json.dumps(row) + "\n")


def write_statistics(
    settings: PreprocessSettings, statistics: Mapping[str, SplitStatistics], summary: PlanSummary
) -> None:
    """Counts, grey levels, raw sizes and mask areas of each split, for people and as messages, and their drift."""
    for split, of_split in statistics.items():
        write_feature_statistics(settings, split, of_split)
    document = {
        "splits": {s: statistics[s].to_json(settings.image_size) for s in schema.SPLITS if s in statistics},
        "drift": drift({s: statistics[s].histogram for s in schema.SPLITS if s in statistics}),
        "empty_splits": summary.plan.emptied,
        "groups_tied_by_duplicates": summary.plan.joined_groups,
        "independent_groups": summary.plan.independent,
        "largest_group": summary.plan.largest_group,
        "near_duplicates": summarize_alike(summary.near_duplicates),
        "probe": settings.probe or {},
    }
    (settings.staging / schema.STATISTICS_FILE).write_text(json.dumps(document, indent=2) + "\n", encoding="ascii")


def write_schema(settings: PreprocessSettings) -> None:
    """The keys of a record as a `tensorflow_metadata` Schema, one value each, all required."""
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    proto = schema_pb2.Schema()
    names = [schema.IMAGE_ENCODED, schema.IMAGE_HEIGHT, schema.IMAGE_WIDTH]
    names += [schema.IMAGE_SOURCE_ID, schema.IMAGE_GROUP_ID, schema.IMAGE_SHA256]
    for name in [*names, schema.MASK_ENCODED] if settings.masks else names:
        feature = proto.feature.add(name=name, type=schema_pb2.BYTES)
        feature.presence.min_fraction = 1.0
        feature.presence.min_count = 1
        feature.shape.dim.add(size=1)
        if name in (schema.IMAGE_ENCODED, schema.MASK_ENCODED):
            feature.image_domain.SetInParent()
        if name in (schema.IMAGE_HEIGHT, schema.IMAGE_WIDTH):
            feature.type = schema_pb2.INT
            feature.int_domain.min = feature.int_domain.max = settings.image_size
    text = text_format.MessageToString(proto)
    (settings.staging / schema.SCHEMA_FILE).write_text(text, encoding="ascii")
