"""Checks a dataset directory: `python -m pipeline.validate`."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tfgan_thyroid import command
from tfgan_thyroid.errors import UserError

_DESCRIPTION = """\
Reads every record of a data set and checks it: checksums, counts and content against dataset.json, features against
the schema, image size and pixel format, masks, groups or images in two splits, small splits, images without contrast,
and how far the grey levels of the splits lie apart. Ends with code 1 if there is an error; warnings are for people."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    arguments = _parser().parse_args(argv)
    from pipeline.validation.anomalies import ERROR, has_errors, write_anomalies
    from pipeline.validation.validate_dataset import Thresholds, validate_dataset
    from tfgan_thyroid.data.records import schema
    from tfgan_thyroid.data.records.concerns import find_concerns

    if arguments.output is not None and arguments.output.exists():
        raise UserError(f"{arguments.output} exists: give --output a new name")
    thresholds = Thresholds(drift=arguments.max_drift, few_records=arguments.few_records)
    anomalies = validate_dataset(arguments.data, arguments.schema, thresholds)
    if arguments.output is not None:
        text = (arguments.schema or arguments.data / schema.SCHEMA_FILE).read_text(encoding="utf-8")
        write_anomalies(anomalies, arguments.output, text)
    errors = sum(anomaly.severity == ERROR for anomaly in anomalies)
    counts = schema.DatasetInfo.load(arguments.data).counts
    concerns = find_concerns(arguments.data)
    for line in (*anomalies, *concerns):
        print(line, file=sys.stderr if arguments.json else sys.stdout)
    if arguments.json:
        document = {
            "dataset": str(arguments.data),
            "counts": counts,
            "errors": errors,
            "warnings": len(anomalies) - errors,
            "anomalies": [dataclasses.asdict(anomaly) for anomaly in anomalies],
            "concerns": [concern._asdict() for concern in concerns],
        }
        print(json.dumps(document))
    else:
        told = ", ".join(f"{split} {counts.get(split, 0)}" for split in schema.SPLITS)
        print(f"records: {told}; errors: {errors}; warnings: {len(anomalies) - errors}")
    if has_errors(anomalies):
        return 1
    sheet = arguments.data / schema.CONTACT_SHEET_FILE
    train = command.line("tfgan_thyroid.train", "--data", arguments.data, "--preset", "cpu", "--dry-run")
    command.say_next(sheet if sheet.exists() else None, train)
    return 0


def _fraction(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise ValueError(text)
    return value


def _parser() -> argparse.ArgumentParser:
    parser = command.parser("pipeline.validate", _DESCRIPTION, "python -m pipeline.validate --data data/phantoms256")
    add = parser.add_argument
    add("--data", type=Path, required=True, metavar="DATASET", help="the dataset directory")
    add("--schema", type=Path, metavar="PATH", help="a schema.pbtxt that it must agree with; its own if not given")
    add(
        "--max-drift",
        type=_fraction,
        default=0.1,
        metavar="BITS",
        help="warn where a split's grey levels are further from train's (Jensen-Shannon divergence, 0 to 1)",
    )
    add("--few-records", type=command.positive_int, default=5, metavar="N", help="warn of a split with fewer records")
    add(
        "--output", type=Path, metavar="DIR", help="also write anomalies.json and Split-NAME/SchemaDiff.pb, as TFX does"
    )
    add("--json", action="store_true", help="print the result as JSON on standard output")
    return parser


if __name__ == "__main__":
    command.run(main)
