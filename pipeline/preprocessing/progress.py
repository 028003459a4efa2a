"""A progress bar for a Beam job, whichever processes do the work.

Each worker appends a byte to a file of its own for every element; the bar adds up the sizes. So nothing but a folder
is shared, and no function that Beam pickles holds a bar.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRESS_SUFFIX = ".progress"


@contextmanager
def watched_progress(folder: Path, total: int, unit: str) -> Iterator[None]:
    """Show on standard error how many of `total` elements are done, how fast, and how long the rest will take.

    On a terminal twice a second, in a log file every ten seconds.
    """
    from tqdm import tqdm

    interval = 0.5 if sys.stderr.isatty() else 10.0
    finished = threading.Event()
    with tqdm(total=total, unit=unit, file=sys.stderr, mininterval=0.0, miniters=0, dynamic_ncols=True) as bar:

        def watch() -> None:
            while not finished.wait(interval):
                bar.update(_done(folder) - bar.n)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            finished.set()
            watcher.join()
            bar.update(_done(folder) - bar.n)


def _done(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob(f"*{PROGRESS_SUFFIX}"))
