"""How much memory this process took at most."""

import re
import resource
import sys
from pathlib import Path


def peak_memory_bytes() -> int:
    """The process's largest resident memory so far (Linux: since `forget_peak_memory`)."""
    status = Path("/proc/self/status")
    if status.exists() and (match := re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(), re.MULTILINE)):
        return int(match[1]) * 1024
    # Elsewhere getrusage; not on Linux, where a child starts with its parent's peak.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def forget_peak_memory() -> None:
    """Restarts the peak, where the system can (Linux: proc(5), clear_refs)."""
    path = Path("/proc/self/clear_refs")
    if path.exists():
        path.write_text("5")
