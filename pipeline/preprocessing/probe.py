"""A look at a few scans before the job starts: what would spoil a data set, and how long the job will take."""

import os
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from pipeline.preprocessing.inputs.find_scans import ScanFile
from pipeline.preprocessing.prepare.stored_scan import prepare_scan
from pipeline.preprocessing.settings import PreprocessSettings
from tfgan_thyroid.data import preprocessing
from tfgan_thyroid.data.crops.overlays import FLOW, colour_share, find_overlays
from tfgan_thyroid.data.crops.policies import find_crop
from tfgan_thyroid.data.crops.sector import find_sector
from tfgan_thyroid.data.scans.files import encode_png
from tfgan_thyroid.data.scans.reader import read_scans
from tfgan_thyroid.data.scans.scan import LostFrame, Scan, ScanError

PROBES = 8
_DRAWN = 2e-4
"""Share of burned-in pixels from which a scan counts as drawn on: a caliper of 875x875 pixels has some 300."""
_TISSUE = 0.8
"""A scan whose tissue fills less than this share of what is kept shows a scanner's screen."""


class Probe(NamedTuple):
    """What a few scans, taken evenly from all, are like."""

    scans: int  # frames that were looked at
    refused: int  # files that would be refused
    coloured: int  # scans with an area of colour, as of flow (colour Doppler, elastography)
    drawn_on: int  # scans with calipers or text over what is kept; 0 where those are filled in
    margins: int  # scans of which much that is kept is no tissue: margins, rulers, menus
    seconds: float  # for all scans, in one process


def probe_scans(
    scans: Sequence[ScanFile], settings: PreprocessSettings, refuse: Callable[[str], None] = lambda line: None
) -> Probe:
    """Prepares a few scans, writes nothing.

    Args:
        scans: all of them.
        settings: of the job.
        refuse: is called with a line, which names the file, for each that would be refused.
    """
    files = scans[:: max(1, len(scans) // PROBES)][:PROBES]
    seconds, refused, found = 0.0, 0, []
    for file in files:
        started = time.monotonic()
        try:
            frames = []
            for frame in read_scans(file.source, settings.white_level, colour=True):
                if isinstance(frame, LostFrame):
                    raise ScanError(frame.error.reason, f"frame {frame.frame}: {frame.error.detail}")
                encode_png(prepare_scan(file, frame, settings)[0])
                frames.append(frame)
            seconds += time.monotonic() - started
            found.append(_look(frames[0], settings))
        except ScanError as error:
            refused += 1
            refuse(f"would refuse {os.fsdecode(file.name)!r}: {error.reason} ({error.detail})")
    coloured, drawn_on, margins = (sum(one) for one in zip(*found, strict=True)) if found else (0, 0, 0)
    return Probe(len(found), refused, coloured, drawn_on, margins, seconds / len(files) * len(scans))


def _look(scan: Scan, settings: PreprocessSettings) -> tuple[bool, bool, bool]:
    """Whether it is coloured, drawn on, and mostly margin."""
    box = find_crop(settings.crop, scan).kept
    kept = preprocessing.crop(scan.pixels, box)
    colour = None if scan.colour is None else preprocessing.crop(scan.colour, box)
    flow = colour is not None and colour_share(kept, colour) > FLOW
    sector = find_sector(kept)
    margins = sector is not None and (sector[2] - sector[0]) * (sector[3] - sector[1]) < _TISSUE * kept.size
    if flow or margins or settings.inpaint_overlays:  # strokes are told from tissue alone
        return flow, False, margins
    return flow, bool(find_overlays(kept, colour).mean() > _DRAWN), margins
