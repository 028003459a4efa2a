"""What a validation finds, in words, as JSON, and in the form of TFX's ExampleValidator."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from tfgan_thyroid.atomic import new_directory
from tfgan_thyroid.data.records import schema

ERROR = "error"
WARNING = "warning"
ANOMALIES_FILE = "anomalies.json"
SCHEMA_DIFF_FILE = "SchemaDiff.pb"

# The types that tensorflow-metadata has for what is found here; the rest is CUSTOM_VALIDATION's.
_TYPES = {
    "feature missing": "SCHEMA_MISSING_COLUMN",
    "feature not in the schema": "SCHEMA_NEW_COLUMN",
    "wrong type": "UNEXPECTED_DATA_TYPE",
    "wrong number of values": "INVALID_FEATURE_SHAPE",
    "value too small": "INT_TYPE_SMALL_INT",
    "value too large": "INT_TYPE_BIG_INT",
    "not an image": "LOW_SUPPORTED_IMAGE_FRACTION",
    "drift between splits": "COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH",
    "few records": "DATASET_LOW_NUM_EXAMPLES",
}


@dataclasses.dataclass(frozen=True)
class Anomaly:
    """Something wrong with a data set, or worth a look."""

    severity: str  # `ERROR`: the data set must not be used as it is; `WARNING`: a person should look
    kind: str  # in a few words; the same words for the same kind
    detail: str  # what was found, what was wanted, what to do. It names no scan
    split: str | None = None  # where; None for the data set as a whole
    feature: str | None = None  # the key of the record that it is about, if it is about one

    def __str__(self) -> str:
        where = [f"split {self.split}"] if self.split else []
        where += [self.feature] if self.feature else []
        place = f" ({', '.join(where)})" if where else ""
        return f"{self.severity}: {self.kind}{place}: {self.detail}"


def has_errors(anomalies: Sequence[Anomaly]) -> bool:
    """Whether one of them is an error."""
    return any(anomaly.severity == ERROR for anomaly in anomalies)


def write_anomalies(anomalies: Sequence[Anomaly], directory: Path, schema_text: str) -> None:
    """Write a new directory with `anomalies.json` and, as TFX does, `Split-NAME/SchemaDiff.pb` for each split.

    The latter is a binary `Anomalies` message of tensorflow-metadata: what concerns a feature under its name, all
    else, and what concerns the data set as a whole, in `dataset_anomaly_info`; `baseline` is the schema.
    """
    with new_directory(directory) as folder:
        document = {"anomalies": [dataclasses.asdict(anomaly) for anomaly in anomalies]}
        (folder / ANOMALIES_FILE).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        for split in schema.SPLITS:
            path = schema.split_directory(folder, split) / SCHEMA_DIFF_FILE
            path.parent.mkdir()
            path.write_bytes(_message(anomalies, split, schema_text))


def _message(anomalies: Sequence[Anomaly], split: str, schema_text: str) -> bytes:
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import anomalies_pb2

    message = anomalies_pb2.Anomalies()
    text_format.Parse(schema_text, message.baseline)
    for anomaly in anomalies:
        if anomaly.split not in (None, split):
            continue
        info = message.anomaly_info[anomaly.feature] if anomaly.feature else message.dataset_anomaly_info
        severity = anomalies_pb2.AnomalyInfo.Severity.Value(anomaly.severity.upper())
        info.severity = max(info.severity, severity)
        kind = anomalies_pb2.AnomalyInfo.Type.Value(_TYPES.get(anomaly.kind, "CUSTOM_VALIDATION"))
        info.reason.add(type=kind, short_description=anomaly.kind, description=anomaly.detail)
        if anomaly.feature and not info.path.step:
            info.path.step.append(anomaly.feature)
    for info in [*message.anomaly_info.values(), message.dataset_anomaly_info]:
        kinds = [reason.short_description for reason in info.reason]
        info.short_description = kinds[0] if len(kinds) == 1 else "Multiple errors"
        info.description = " ".join(reason.description for reason in info.reason)
    if not message.dataset_anomaly_info.reason:
        message.ClearField("dataset_anomaly_info")
    return message.SerializeToString(deterministic=True)
