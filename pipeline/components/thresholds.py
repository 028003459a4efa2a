"""What a model must keep to before it is blessed, as a TOML file.

[value]                            # of the model alone; leave a line out to ask nothing
mmd_over_floor = 0.05              # MMD at most this much above real against real
nearest_neighbor_error = 0.45      # |1-NN accuracy - 0.5| at most this
ms_ssim_over_real = 0.15           # MS-SSIM among generated images at most this much above that among real scans
memorization_audit = true          # the audit must pass

[change]                           # against the last blessed model, on the same scans
mmd = 0.02                         # MMD at most this much higher
nearest_neighbor_error = 0.1       # |1-NN accuracy - 0.5| at most this much higher
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfgan_thyroid.errors import UserError
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
    },
    "change": {"mmd": 0.02, "nearest_neighbor_error": 0.1},
}


def read_thresholds(path: Path | None) -> dict[str, dict[str, Any]]:
    """The thresholds of a file, or the default ones.

    Raises:
        UserError: the file is missing, is no TOML, or asks for what is not known.
    """
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
            if name not in DEFAULT[section]:
                raise UserError(f"{path}: unknown threshold {name!r} in [{section}]: {', '.join(DEFAULT[section])}")
            wanted = bool if name == "memorization_audit" else (int, float)
            if not isinstance(value, wanted) or (wanted is not bool and isinstance(value, bool)):
                kind = "true or false" if wanted is bool else "a number"
                raise UserError(f"{path}: {name} in [{section}] is {value!r}: give {kind}")
    return {"value": {}, "change": {}, **asked}


def broken_values(thresholds: Mapping[str, Any], estimates: Mapping[str, Estimate], audit_passed: bool) -> list[str]:
    """What of `[value]` does not hold, in words; a threshold that cannot be judged is not kept."""
    broken = []
    mmd, similarity = estimates["mmd"], estimates["ms-ssim"]
    limit = thresholds.get("mmd_over_floor")
    if limit is not None and mmd.floor is None:
        broken.append("MMD has no real-against-real floor to compare with: too few scans in this split")
    elif limit is not None and mmd.floor is not None and mmd.mean - mmd.floor > limit:
        broken.append(f"MMD is {mmd.mean:.4f}, {mmd.mean - mmd.floor:.4f} above its floor (at most {limit:g})")
    error, limit = nearest_neighbor_error(estimates), thresholds.get("nearest_neighbor_error")
    if limit is not None and error > limit:
        broken.append(f"1-NN accuracy is {estimates['1nn'].mean:.3f}, {error:.3f} from 0.5 (at most {limit:g})")
    limit = thresholds.get("ms_ssim_over_real")
    if limit is not None and similarity.mean - (similarity.floor or 0.0) > limit:
        broken.append(
            f"generated images are too much alike: MS-SSIM {similarity.mean:.3f}, real scans "
            f"{similarity.floor or 0.0:.3f} (at most {limit:g} above)"
        )
    if thresholds.get("memorization_audit") and not audit_passed:
        broken.append("the memorisation audit failed")
    return broken


def broken_changes(
    thresholds: Mapping[str, Any], estimates: Mapping[str, Estimate], baseline: Mapping[str, Estimate]
) -> list[str]:
    """What of `[change]` does not hold against the last blessed model, in words."""
    broken = []
    pairs = {
        "mmd": ("MMD", estimates["mmd"].mean, baseline["mmd"].mean),
        "nearest_neighbor_error": (
            "|1-NN - 0.5|",
            nearest_neighbor_error(estimates),
            nearest_neighbor_error(baseline),
        ),
    }
    for name, (title, value, before) in pairs.items():
        limit = thresholds.get(name)
        if limit is not None and value - before > limit:
            broken.append(
                f"{title} is {value:.4f}, {value - before:.4f} above the last blessed model's (at most {limit:g})"
            )
    return broken


def nearest_neighbor_error(estimates: Mapping[str, Estimate]) -> float:
    """|1-NN accuracy - 0.5|."""
    return abs(estimates["1nn"].mean - 0.5)
