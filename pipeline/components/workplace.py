"""Where a component runs: the directories that it reads and writes, and its log."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Workplace:
    """What a component runs with."""

    # Directories of the artifacts that it reads, by input; without a last blessed model where there is none.
    inputs: Mapping[str, Path]
    outputs: Mapping[str, Path]  # empty directories to write to, by output; each becomes an artifact when `run` returns
    scratch: Path  # a directory that outlives a killed run of this very work, for what can be continued
    log: logging.Logger  # for its own log file and the screen
