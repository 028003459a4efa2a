"""What a tensorflow-metadata schema asks of each record, and in what two schemas differ."""

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.validation.anomalies import ERROR, Anomaly
from tfgan_thyroid.errors import UserError

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import schema_pb2

_PYTHON_TYPES = {"BYTES": bytes, "INT": int, "FLOAT": float}


@dataclasses.dataclass(frozen=True)
class FeatureRule:
    """What one feature must be."""

    kind: str  # `BYTES`, `INT` or `FLOAT`
    required: bool  # whether every record must have it
    count: int | None  # how many values it must have; None for any number
    low: int | None  # the least whole number, None for any
    high: int | None  # the greatest whole number, None for any

    def faults(self, values: Sequence[Any]) -> Iterator[tuple[str, str]]:
        """(kind, detail) of what is wrong with the values of one record."""
        if self.count is not None and len(values) != self.count:
            yield "wrong number of values", f"{len(values)} values, wanted {self.count}"
        odd = next((value for value in values if not isinstance(value, _PYTHON_TYPES[self.kind])), None)
        if odd is not None:
            yield "wrong type", f"a value of type {type(odd).__name__}, wanted {self.kind}"
            return
        if self.low is not None and values and min(values) < self.low:
            yield "value too small", f"{min(values)}, wanted at least {self.low}"
        if self.high is not None and values and max(values) > self.high:
            yield "value too large", f"{max(values)}, wanted at most {self.high}"


def load_rules(path: Path) -> dict[str, FeatureRule]:
    """The rules of a `schema.pbtxt` by the name of the feature."""
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    try:
        proto = text_format.Parse(path.read_text(encoding="utf-8"), schema_pb2.Schema())
    except FileNotFoundError:
        raise UserError(f"{path} is not there: give --schema a schema.pbtxt, as a data set has one") from None
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is no tensorflow-metadata Schema in text form: {error}") from None
    return {feature.name: _rule(feature) for feature in proto.feature}


def _rule(feature: "schema_pb2.Feature") -> FeatureRule:
    from tensorflow_metadata.proto.v0 import schema_pb2

    kind = schema_pb2.FeatureType.Name(feature.type)
    if kind not in _PYTHON_TYPES:
        raise UserError(f"the schema gives {feature.name} the type {kind}: wanted {', '.join(_PYTHON_TYPES)}")
    domain = feature.int_domain
    bounded = feature.HasField("int_domain")
    return FeatureRule(
        kind=kind,
        required=feature.presence.min_fraction == 1.0,
        count=math.prod(dim.size for dim in feature.shape.dim) if feature.HasField("shape") else None,
        low=domain.min if bounded and domain.HasField("min") else None,
        high=domain.max if bounded and domain.HasField("max") else None,
    )


def schema_drift(own: Mapping[str, FeatureRule], wanted: Mapping[str, FeatureRule]) -> Iterator[Anomaly]:
    """In what the schema of a data set differs from the one that it should have."""
    for name in wanted.keys() - own.keys():
        if wanted[name].required:
            yield Anomaly(
                ERROR, "feature missing", "the given schema asks for it, the data set's has it not", None, name
            )
    for name in own.keys() - wanted.keys():
        detail = "the data set's schema has it, the given one does not: write the data set again, or mend the schema"
        yield Anomaly(ERROR, "feature not in the schema", detail, None, name)
    for name in own.keys() & wanted.keys():
        one, other = dataclasses.asdict(own[name]), dataclasses.asdict(wanted[name])
        differing = [f"{key} {one[key]}, wanted {other[key]}" for key in one if one[key] != other[key]]
        if differing:
            yield Anomaly(ERROR, "schema drift", "; ".join(differing), None, name)
