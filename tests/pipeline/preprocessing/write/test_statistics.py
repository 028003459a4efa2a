"""The statistics of a data set as messages of tensorflow-metadata, and the drift between splits."""

import json

import numpy as np
import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2

from pipeline.preprocessing.write.feature_statistics import feature_statistics_path
from pipeline.preprocessing.write.split_drift import drift, jensen_shannon, l_infinity
from tfgan_thyroid.data.records import schema
from tfgan_thyroid.data.records.examples import parse_features, read_records


def read_split(dataset, split):
    for path in schema.shard_paths(dataset, split):
        with open(path, "rb") as file:
            yield from ({k: v[0] for k, v in parse_features(payload).items()} for payload in read_records(file))


def load(dataset, split):
    content = feature_statistics_path(dataset, split).read_bytes()
    (message,) = statistics_pb2.DatasetFeatureStatisticsList.FromString(content).datasets
    assert message.name == split
    return message, {feature.path.step[0]: feature for feature in message.features}


def test_each_split_has_its_statistics_as_one_message(preprocessed):
    _, dataset = preprocessed
    assert sorted(path.name for path in (dataset / "statistics").iterdir()) == [
        f"Split-{s}" for s in sorted(schema.SPLITS)
    ]
    for split, count in schema.DatasetInfo.load(dataset).counts.items():
        message, features = load(dataset, split)
        records = list(read_split(dataset, split))
        assert message.num_examples == count == len(records)
        assert features.keys() == records[0].keys()
        for feature in features.values():
            kind = feature.WhichOneof("stats")
            common = getattr(feature, kind).common_stats
            assert (common.num_non_missing, common.num_missing, common.tot_num_values) == (count, 0, count)
            assert (common.min_num_values, common.max_num_values, common.avg_num_values) == (1, 1, 1.0)


def test_lengths_sizes_and_different_values_are_those_of_the_records(preprocessed):
    _, dataset = preprocessed
    _, features = load(dataset, "train")
    records = list(read_split(dataset, "train"))
    lengths = [len(record[schema.IMAGE_ENCODED]) for record in records]
    image = features[schema.IMAGE_ENCODED].bytes_stats
    assert (image.min_num_bytes, image.max_num_bytes, image.unique) == (min(lengths), max(lengths), len(records))
    assert image.avg_num_bytes == pytest.approx(np.mean(lengths), rel=1e-6)  # single precision
    height = features[schema.IMAGE_HEIGHT].num_stats
    assert (height.min, height.max, height.mean, height.std_dev) == (16, 16, 16, 0)
    groups = features[schema.IMAGE_GROUP_ID].string_stats
    counted = {}
    for record in records:
        counted[record[schema.IMAGE_GROUP_ID].decode()] = counted.get(record[schema.IMAGE_GROUP_ID].decode(), 0) + 1
    assert {value.value: value.frequency for value in groups.top_values} == counted
    assert groups.unique == len(counted)
    assert features[schema.IMAGE_SOURCE_ID].string_stats.avg_length == 64


def test_the_histograms_count_every_pixel_and_every_image(preprocessed):
    _, dataset = preprocessed
    _, features = load(dataset, "train")
    custom = {stat.name: stat for stat in features[schema.IMAGE_ENCODED].custom_stats}
    levels = [bucket.sample_count for bucket in custom["grey levels"].histogram.buckets]
    readable = json.loads((dataset / "statistics.json").read_text())["splits"]["train"]
    assert levels == readable["grey_levels"]["histogram"]
    assert sum(levels) == 18 * 16 * 16
    for name in ("mean grey level", "standard deviation of the grey levels", "raw height", "raw width"):
        assert sum(bucket.sample_count for bucket in custom[name].histogram.buckets) == 18
    assert (
        custom["raw height"].histogram.buckets[0].low_value
        <= 40
        <= custom["raw height"].histogram.buckets[-1].high_value
    )
    assert readable["scans_per_group"] == {"3": 6}
    assert readable["brightness"]["mean"] == pytest.approx(readable["grey_levels"]["mean"], rel=1e-12)


def test_jensen_shannon_has_the_values_of_its_definition():
    one, other = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert jensen_shannon(one, one) == 0.0
    assert jensen_shannon(one, other) == pytest.approx(1.0)
    # p = (1, 0), q = (1/2, 1/2): H(3/4, 1/4) - H(1/2, 1/2) / 2 = 2 - 3/4 log2(3) - 1/2
    assert jensen_shannon(one, np.array([7.0, 7.0])) == pytest.approx(1.5 - 0.75 * np.log2(3))
    assert jensen_shannon(np.array([7.0, 7.0]), one) == pytest.approx(1.5 - 0.75 * np.log2(3))
    assert l_infinity(np.array([1.0, 3.0]), np.array([1.0, 1.0])) == 0.25


def test_drift_is_told_against_the_first_split_that_holds_anything():
    dark, bright, nothing = np.zeros(256), np.zeros(256), np.zeros(256)
    dark[10], bright[30] = 5, 2
    assert drift({"train": nothing, "eval": dark, "test": bright}) == {
        "test": {
            "against": "eval",
            "jensen_shannon": 1.0,
            "l_infinity": 1.0,
            "mean_brightness_difference": 20.0,
        }
    }
    assert drift({"train": dark, "eval": nothing}) == {}
