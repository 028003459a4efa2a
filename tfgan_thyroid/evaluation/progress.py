"""Progress bars on standard error: alive on a terminal, a line every ten seconds in a log."""

import sys

from tqdm import tqdm


def progress_bar(total: int | None, unit: str, description: str) -> tqdm:
    """A bar with rate and estimated time of arrival; a `total` of None is not known yet."""
    interval = 0.2 if sys.stderr.isatty() else 10.0
    return tqdm(total=total, unit=unit, desc=description, leave=False, mininterval=interval, file=sys.stderr)
