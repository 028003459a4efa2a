"""What a model must keep to before it is blessed, as a TOML file.

[value]                            # of the model alone; omit a line to skip that check
mmd_over_floor = 0.05              # MMD at most this much above real against real
nearest_neighbor_error = 0.45      # |1-NN accuracy - 0.5| at most this
ms_ssim_over_real = 0.15           # MS-SSIM among generated images at most this much above that among real scans
memorization_audit = true          # the audit must pass
two_sample_auc_16 = 0.65           # at 16 pixels, and
two_sample_auc_32 = 0.75           # at 32: the two-sample test's AUC at most this, and no interval wholly under 0.5
two_sample_auc_full = 0.9          # at the image's size; only asked where a file asks

[change]                           # against the last blessed model, on the same scans
mmd = 0.02                         # MMD at most this much higher
nearest_neighbor_error = 0.1       # |1-NN accuracy - 0.5| at most this much higher
"""

import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.evaluation.judgement import Check
from tfgan_thyroid.evaluation.two_sample.result import TwoSample
from tfgan_thyroid.metrics.estimate import Estimate

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DEFAULT: dict[str, dict[str, Any]] = {
    "value": {
        "mmd_over_floor": 0.05,
        "nearest_neighbor_error": 0.45,
        "ms_ssim_over_real": 0.15,
        "memorization_audit": True,
        "two_sample_auc_16": 0.65,
        "two_sample_auc_32": 0.75,
    },
    "change": {"mmd": 0.02, "nearest_neighbor_error": 0.1},
}


KNOWN = {"value": (*DEFAULT["value"], "two_sample_auc_full"), "change": tuple(DEFAULT["change"])}


def read_thresholds(path: Path | None) -> dict[str, dict[str, Any]]:
    """The thresholds of a file, or the default ones."""
    if path is None:
        return DEFAULT
    try:
        asked = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: give a TOML file of thresholds, or leave the flag out") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is no TOML file ({error})") from None
    for section, thresholds in asked.items():
        if section not in DEFAULT or not isinstance(thresholds, dict):
            raise UserError(f"{path}: unknown section [{section}]: there are [value] and [change]")
        for name, value in thresholds.items():
            if name not in KNOWN[section]:
                raise UserError(f"{path}: unknown threshold {name!r} in [{section}]: {', '.join(KNOWN[section])}")
            if name == "memorization_audit" and not isinstance(value, bool):
                raise UserError(f"{path}: {name} in [{section}] is {value!r}: give true or false")
            if name != "memorization_audit" and not _is_finite_number(value):
                raise UserError(f"{path}: {name} in [{section}] is {value!r}: give a number")
    return {"value": {}, "change": {}, **asked}


def _is_finite_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def check_values(thresholds: Mapping[str, Any], estimates: Mapping[str, Estimate], audit_passed: bool) -> list[Check]:
    """Holds a model against `[value]`; a threshold that is left out is not asked."""
    mmd, similarity = estimates["mmd"], estimates["ms-ssim"]
    over_floor = None if mmd.floor is None else mmd.mean - mmd.floor
    error = nearest_neighbor_error(estimates)
    over_real = None if similarity.floor is None else similarity.mean - similarity.floor
    found = {
        "mmd_over_floor": (
            over_floor,
            "MMD has no real-against-real floor to be compared with: too few scans"
            if over_floor is None
            else f"MMD is {mmd.mean:.4f}, {over_floor:.4f} above its floor",
        ),
        "nearest_neighbor_error": (error, f"1-NN accuracy is {estimates['1nn'].mean:.3f}, {error:.3f} from 0.5"),
        "ms_ssim_over_real": (
            over_real,
            "MS-SSIM among real scans is not known: too few scans"
            if over_real is None
            else f"MS-SSIM among generated images is {similarity.mean:.3f}, {over_real:.3f} above that among real scans"
            + (": too much alike" if over_real > thresholds.get("ms_ssim_over_real", math.inf) else ""),
        ),
    }
    checks = _checks("value", thresholds, found)
    if thresholds.get("memorization_audit"):
        words = f"the memorisation audit {'passed' if audit_passed else 'failed'}"
        checks.append(Check("value.memorization_audit", True, audit_passed, words))
    return checks


def check_two_sample(
    thresholds: Mapping[str, Any], found: TwoSample | None, image_size: int, why_not: str
) -> list[Check]:
    """Holds the two-sample test's AUCs against `[value]`.

    Args:
        thresholds: of the section; what it leaves out is not asked.
        found: of the test; None where it could not be made, as with too few scans, and then no threshold is met.
        image_size: pixels a side; images have no scales above it.
        why_not: why there is no test.
    """
    scales = {"two_sample_auc_16": 16, "two_sample_auc_32": 32, "two_sample_auc_full": image_size}
    asked = {name: size for name, size in scales.items() if name in thresholds and size <= image_size}
    checks = []
    for name, size in asked.items():
        result = found.at(size) if found else None
        if result is None:
            checks.append(Check(f"value.{name}", thresholds[name], None, why_not))
            continue
        words = f"at {size} pixels the two-sample AUC is {result.auc:.3f} ({result.low:.3f} to {result.high:.3f})"
        if result.suggests_copies:
            checks.append(Check(f"value.{name}", thresholds[name], None, f"{words}, wholly under 0.5: copies"))
        else:
            checks.append(
                Check(f"value.{name}", thresholds[name], result.auc, f"{words} (at most {thresholds[name]:g})")
            )
    return checks


def check_changes(
    thresholds: Mapping[str, Any], estimates: Mapping[str, Estimate], baseline: Mapping[str, Estimate]
) -> list[Check]:
    """Holds a model against `[change]`; the baseline is the last blessed model, on the same scans."""
    pairs = {
        "mmd": ("MMD", estimates["mmd"].mean, baseline["mmd"].mean),
        "nearest_neighbor_error": ("|1-NN - 0.5|", nearest_neighbor_error(estimates), nearest_neighbor_error(baseline)),
    }
    found = {}
    for name, (title, value, before) in pairs.items():
        side = "above" if value > before else "below"
        words = f"{title} is {value:.4f}, {abs(value - before):.4f} {side} the last blessed model's {before:.4f}"
        found[name] = (value - before, words)
    return _checks("change", thresholds, found)


def _checks(section: str, thresholds: Mapping[str, Any], found: Mapping[str, tuple[float | None, str]]) -> list[Check]:
    return [
        Check(f"{section}.{name}", thresholds[name], value, f"{words} (at most {thresholds[name]:g})")
        for name, (value, words) in found.items()
        if name in thresholds
    ]


def nearest_neighbor_error(estimates: Mapping[str, Estimate]) -> float:
    """|1-NN accuracy - 0.5|."""
    return abs(estimates["1nn"].mean - 0.5)
