"""What a timing depends on besides the code: processor, cores, memory and versions. No host names, no paths."""

import os
import platform
from importlib import metadata
from pathlib import Path

import psutil

BFLOAT16_INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "bf16")
PACKAGES = ("tensorflow", "keras", "tensorflow-addons", "torch", "numpy")


def describe_machine() -> dict[str, object]:
    """The machine as it is now.

    Returns:
        `cpu`: model name. `cores`: physical ones, or null where the system does not tell. `usable_cores`: that this
        process may use. `memory_gib`: installed. `bfloat16_instructions`: instruction sets of the processor that
        multiply bfloat16, empty where there are none (or the system does not list them). `load_average`: processes
        that wanted a core during the last minute. `system` and `python`: names and versions.
    """
    cpu = _cpu_fields()
    flags = f"{cpu.get('flags', '')} {cpu.get('Features', '')}".split()
    return {
        "cpu": cpu.get("model name") or platform.processor() or platform.machine(),
        "cores": psutil.cpu_count(logical=False),
        "usable_cores": usable_cores(),
        "memory_gib": psutil.virtual_memory().total / 2**30,
        "bfloat16_instructions": [name for name in BFLOAT16_INSTRUCTIONS if name in flags],
        "load_average": os.getloadavg()[0],
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def usable_cores() -> int:
    """Logical cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def resident_bytes() -> int:
    """Resident memory of this process now."""
    return psutil.Process().memory_info().rss


def busy_core_seconds() -> float:
    """Seconds that all cores together have worked, or were withheld by a hypervisor, since the machine started."""
    times = psutil.cpu_times()
    # Guests' time is part of the user's already.
    names = set(times._fields) - {"idle", "iowait", "guest", "guest_nice"}
    return sum(getattr(times, name) for name in names)


def package_versions() -> dict[str, str]:
    """Versions of the packages that matter to the timings, of those that are installed."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _cpu_fields() -> dict[str, str]:
    """The first processor's fields of Linux's /proc/cpuinfo; empty on other systems."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return {}
    lines = path.read_text().split("\n\n")[0].splitlines()
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs}
