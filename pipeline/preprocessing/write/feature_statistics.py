"""A split's statistics in the form that TensorFlow Data Validation writes and reads.

`statistics/Split-NAME/FeatureStats.pb` is a binary `DatasetFeatureStatisticsList` of tensorflow-metadata with one data
set, as TFX's StatisticsGen leaves it: `tfdv.load_stats_binary` reads it, `tfdv.visualize_statistics` draws it, and
`tfdv.validate_statistics` checks it against schema.pbtxt. What that form has no field for (grey levels, brightness,
raw sizes, mask areas) stands in `custom_stats` of the feature that it belongs to.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tensorflow_metadata.proto.v0 import statistics_pb2 as pb

from pipeline.preprocessing.settings import PreprocessSettings
from pipeline.preprocessing.write.split_statistics import SplitStatistics
from tfgan_thyroid.data.records import schema

STATISTICS_FOLDER = "statistics"
FEATURE_STATISTICS_FILE = "FeatureStats.pb"

_BUCKETS = 10
_TOP_GROUPS = 20
_HEXADECIMAL_DIGITS = 64


def feature_statistics_path(directory: Path, split: str) -> Path:
    """Where the statistics of `split` lie in a dataset directory."""
    return schema.split_directory(directory / STATISTICS_FOLDER, split) / FEATURE_STATISTICS_FILE


def write_feature_statistics(settings: PreprocessSettings, split: str, statistics: SplitStatistics) -> None:
    """Write the statistics of one split into the staging folder."""
    path = feature_statistics_path(settings.staging, split)
    path.parent.mkdir(parents=True, exist_ok=True)
    proto = feature_statistics(split, statistics, settings.image_size)
    path.write_bytes(proto.SerializeToString(deterministic=True))


def feature_statistics(split: str, statistics: SplitStatistics, image_size: int) -> pb.DatasetFeatureStatisticsList:
    """The statistics of one split as a message; every feature has one value in every record."""
    result = pb.DatasetFeatureStatisticsList()
    dataset = result.datasets.add(name=split, num_examples=len(statistics.record_digests))
    image = _add_bytes(dataset, schema.IMAGE_ENCODED, statistics.image_bytes, len(statistics.image_digests))
    _add_grey_levels(image, statistics.histogram)
    _add_values(image, "mean grey level", statistics.brightness)
    _add_values(image, "standard deviation of the grey levels", statistics.contrast)
    for axis, name in enumerate(("raw height", "raw width")):
        sizes = [shape[axis] for shape, count in sorted(statistics.raw_sizes.items()) for _ in range(count)]
        _add_values(image, name, sizes)
    image.custom_stats.add(name="duplicates").num = dataset.num_examples - len(statistics.image_digests)
    for name in (schema.IMAGE_HEIGHT, schema.IMAGE_WIDTH):
        _add_constant(dataset, name, image_size)
    _add_string(dataset, schema.IMAGE_SOURCE_ID, dataset.num_examples)
    group = _add_string(dataset, schema.IMAGE_GROUP_ID, len(statistics.groups))
    _rank_groups(group.string_stats, statistics.groups)
    _add_string(dataset, schema.IMAGE_SHA256, len(statistics.image_digests))
    if statistics.mask_pixels:
        mask = _add_bytes(dataset, schema.MASK_ENCODED, statistics.mask_bytes, 0)
        _add_values(mask, "mask area", np.array(statistics.mask_pixels) / image_size**2)
        mask.custom_stats.add(name="empty masks").num = statistics.mask_pixels.count(0)
    return result


def _add_feature(dataset: pb.DatasetFeatureStatistics, name: str, kind: int) -> pb.FeatureNameStatistics:
    feature = dataset.features.add(type=kind)
    feature.path.step.append(name)
    return feature


def _fill_common(common: pb.CommonStatistics, count: int) -> None:
    """One value a record, in all records."""
    common.num_non_missing = common.tot_num_values = count
    common.min_num_values = common.max_num_values = 1
    common.avg_num_values = 1.0
    valency = common.presence_and_valency_stats.add(num_non_missing=count, tot_num_values=count)
    valency.min_num_values = valency.max_num_values = 1


def _add_bytes(
    dataset: pb.DatasetFeatureStatistics, name: str, lengths: Sequence[int], unique: int
) -> pb.FeatureNameStatistics:
    """A feature of byte strings of these lengths; `unique` 0 where nobody has counted."""
    feature = _add_feature(dataset, name, pb.FeatureNameStatistics.BYTES)
    statistics = feature.bytes_stats
    _fill_common(statistics.common_stats, len(lengths))
    statistics.unique = unique
    statistics.avg_num_bytes = float(np.mean(lengths))
    statistics.min_num_bytes = min(lengths)
    statistics.max_num_bytes = statistics.max_num_bytes_int = max(lengths)
    return feature


def _add_constant(dataset: pb.DatasetFeatureStatistics, name: str, value: int) -> None:
    """A whole number that is the same in every record."""
    statistics = _add_feature(dataset, name, pb.FeatureNameStatistics.INT).num_stats
    _fill_common(statistics.common_stats, dataset.num_examples)
    statistics.mean = statistics.min = statistics.median = statistics.max = value
    bucket = statistics.histograms.add(type=pb.Histogram.STANDARD).buckets.add()
    bucket.low_value = bucket.high_value = value
    bucket.sample_count = dataset.num_examples


def _add_string(dataset: pb.DatasetFeatureStatistics, name: str, unique: int) -> pb.FeatureNameStatistics:
    """A hash in hexadecimal digits with so many different values."""
    feature = _add_feature(dataset, name, pb.FeatureNameStatistics.STRING)
    _fill_common(feature.string_stats.common_stats, dataset.num_examples)
    feature.string_stats.unique = unique
    feature.string_stats.avg_length = _HEXADECIMAL_DIGITS
    return feature


def _rank_groups(statistics: pb.StringStatistics, groups: Counter) -> None:
    """The largest groups and how many scans they have, by the ids that the records carry."""
    ranked = sorted(groups.items(), key=lambda item: (-item[1], item[0]))
    for group, count in ranked[:_TOP_GROUPS]:
        statistics.top_values.add(value=group, frequency=count)
    for rank, (group, count) in enumerate(ranked):
        statistics.rank_histogram.buckets.add(low_rank=rank, high_rank=rank, label=group, sample_count=count)


def _add_grey_levels(feature: pb.FeatureNameStatistics, histogram: np.ndarray) -> None:
    """How often each grey level occurs: bucket v holds [v, v + 1)."""
    custom = feature.custom_stats.add(name="grey levels")
    custom.histogram.type = pb.Histogram.STANDARD
    for level, count in enumerate(histogram):
        custom.histogram.buckets.add(low_value=level, high_value=level + 1, sample_count=count)


def _add_values(feature: pb.FeatureNameStatistics, name: str, values: Sequence[float] | np.ndarray) -> None:
    """The distribution of a number that each record has, in buckets of equal width."""
    custom = feature.custom_stats.add(name=name)
    custom.histogram.type = pb.Histogram.STANDARD
    counts, edges = np.histogram(values, _BUCKETS)
    for low, high, count in zip(edges, edges[1:], counts, strict=False):
        custom.histogram.buckets.add(low_value=low, high_value=high, sample_count=count)
