"""Freed memory is kept for the next scan: the pages of a megabyte cost more to fetch again than to fill."""

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
_LARGEST_BLOCK = 32 * 2**20
_KEPT = 64 * 2**20


def keep_freed_memory() -> bool:
    """Have this process keep up to 64 MB that it has freed, in blocks of up to 32 MB.

    By default glibc hands every block of a megabyte back to the system, and each page of the next one is fetched and
    zeroed again: a tenth of the time of a scan of 875x1167 pixels.

    Returns:
        Whether the C library knows how; other systems than Linux do not.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST_BLOCK) and mallopt(_TRIM_THRESHOLD, _KEPT))
