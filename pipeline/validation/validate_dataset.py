"""All checks of a dataset directory: a function from its files to a list of anomalies."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

import numpy as np

from pipeline.preprocessing.write.split_drift import drift
from pipeline.validation.anomalies import ERROR, WARNING, Anomaly
from pipeline.validation.schema_rules import load_rules, schema_drift
from pipeline.validation.split_account import SplitAccount, account_for_split
from tfgan_thyroid.data.records import schema


@dataclasses.dataclass(frozen=True)
class Thresholds:
    """From where on something is worth a warning."""

    drift: float = 0.1  # Jensen-Shannon divergence of a split's grey levels from train's, bits
    brightness: float = 25.0  # difference of the mean grey levels, of 255
    few_records: int = 5  # a split that was asked for and has fewer records is called nearly empty
    bad_fraction: float = 0.5  # images without contrast, or nearly black, are an error from this fraction of a split on


def validate_dataset(
    directory: Path, schema_path: Path | None = None, thresholds: Thresholds | None = None
) -> list[Anomaly]:
    """Check every record of a data set, against its own schema unless another is given; errors come first.

    Raises:
        UserError: the directory is no data set, or the schema cannot be read.
    """
    thresholds = thresholds or Thresholds()
    info = schema.DatasetInfo.load(directory)
    own_schema = directory / schema.SCHEMA_FILE
    rules = load_rules(schema_path or own_schema)
    anomalies = [] if schema_path is None else list(schema_drift(load_rules(own_schema), rules))
    accounts = {split: account_for_split(directory, split, info.image_size, rules) for split in schema.SPLITS}
    for split, account in accounts.items():
        anomalies += _faults(split, account)
        anomalies += _counts(split, account, info, thresholds)
        anomalies += _pictures(split, account, thresholds)
    anomalies += _shared(accounts)
    anomalies += _digest(accounts, info)
    anomalies += _drift(accounts, thresholds)
    anomalies += _statistics(accounts, directory)
    return sorted(anomalies, key=lambda anomaly: (anomaly.severity, anomaly.split or "", anomaly.kind))


def _faults(split: str, account: SplitAccount) -> Iterator[Anomaly]:
    for (feature, kind), count in account.faults.items():
        first = account.examples[feature, kind]
        detail = first if count == 1 else f"{count} times; the first: {first}"
        yield Anomaly(ERROR, kind, detail, split, feature)


def _counts(split: str, account: SplitAccount, info: schema.DatasetInfo, thresholds: Thresholds) -> Iterator[Anomaly]:
    stated, found = info.counts.get(split, 0), account.records
    if stated != found:
        yield Anomaly(ERROR, "wrong count", f"{found} records, and dataset.json says {stated}: write it again", split)
    wanted = split in info.splits or stated > 0
    if wanted and found < thresholds.few_records:
        severity = ERROR if split == "train" and not found else WARNING
        detail = f"{found} records; measures over fewer than {thresholds.few_records} mean little"
        yield Anomaly(severity, "few records", detail, split)


def _pictures(split: str, account: SplitAccount, thresholds: Thresholds) -> Iterator[Anomaly]:
    for kind, count in (("images without contrast", account.constant), ("images nearly black", account.black)):
        if count:
            severity = ERROR if count >= thresholds.bad_fraction * account.records else WARNING
            detail = f"{count} of {account.records}: look at the contact sheet, the crop and --white-level"
            yield Anomaly(severity, kind, detail, split, schema.IMAGE_ENCODED)
    if account.masks and account.empty_masks == account.masks:
        detail = f"none of {account.masks} masks has foreground: look at the mask files and the chosen label"
        yield Anomaly(ERROR, "all masks empty", detail, split, schema.MASK_ENCODED)


def _shared(accounts: Mapping[str, SplitAccount]) -> Iterator[Anomaly]:
    """Groups and images that are in two splits: what is learned on one would be tested on itself."""
    for one, other in combinations(accounts, 2):
        for feature, noun, counts in (
            (schema.IMAGE_GROUP_ID, "group", (accounts[one].groups, accounts[other].groups)),
            (schema.IMAGE_SHA256, "image", (accounts[one].images, accounts[other].images)),
        ):
            shared = counts[0].keys() & counts[1].keys()
            if shared:
                detail = f"{len(shared)} {noun}s of {one} are also in {other}: write the data set again"
                yield Anomaly(ERROR, f"{noun} in two splits", detail, other, feature)


def _digest(accounts: Mapping[str, SplitAccount], info: schema.DatasetInfo) -> Iterator[Anomaly]:
    found = schema.dataset_digest({split: account.record_digests for split, account in accounts.items()})
    if found != info.digest:
        detail = f"{found[:12]}, and dataset.json says {info.digest[:12]}: records were changed after it was written"
        yield Anomaly(ERROR, "other content", detail)


def _drift(accounts: Mapping[str, SplitAccount], thresholds: Thresholds) -> Iterator[Anomaly]:
    measured = drift({split: account.histogram for split, account in accounts.items()})
    for split, values in measured.items():
        divergence, difference = float(values["jensen_shannon"]), float(values["mean_brightness_difference"])
        if divergence > thresholds.drift or abs(difference) > thresholds.brightness:
            detail = (
                f"grey levels are {divergence:.3f} bits (Jensen-Shannon) and {difference:+.1f} levels of mean from "
                f"{values['against']}'s, at most {thresholds.drift} and {thresholds.brightness:g} are expected: "
                "are they of another scanner, or of few patients?"
            )
            yield Anomaly(WARNING, "drift between splits", detail, split, schema.IMAGE_ENCODED)


def _statistics(accounts: Mapping[str, SplitAccount], directory: Path) -> Iterator[Anomaly]:
    """Whether statistics.json describes these records."""
    path = directory / schema.STATISTICS_FILE
    try:
        told = json.loads(path.read_text(encoding="utf-8"))["splits"]
        histograms = {split: np.array(told[split]["grey_levels"]["histogram"]) for split in told}
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield Anomaly(ERROR, "no statistics", f"{path.name} cannot be read ({type(error).__name__}): write it again")
        return
    for split, account in accounts.items():
        if not np.array_equal(histograms.get(split, np.zeros(256)), account.histogram):
            yield Anomaly(ERROR, "other statistics", f"{path.name} describes other grey levels than there are", split)
