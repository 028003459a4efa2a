"""Simulated scans as PNG files, written by one process per core into a folder that appears whole or not at all."""

import os
import shutil
import signal
import sys
from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tqdm import tqdm

from pipeline.staging import handling
from tfgan_thyroid.atomic import new_directory
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.phantoms.phantom import simulate_scan

# Measured on 875x1167 scans; the mask compresses well.
SCAN_BYTES = 480_000
MASK_BYTES = 11_000
# zlib's fastest level: speckle hardly compresses, and level 6 costs as much time as the simulation.
_COMPRESS_LEVEL = 1


@dataclass(frozen=True)
class Collection:
    """What to simulate and where to."""

    output: Path  # directory that will hold `images/` and, with `masks`, `masks/`
    count: int  # number of scans
    masks: bool = False  # whether to write the gland masks too
    frames_per_patient: int = 7  # scans of one simulated patient; the last patient may have fewer
    seed: int = 0  # of the whole collection

    def scan(self, index: int) -> tuple[int, int]:
        """Patient and frame, both from 1, of scan `index`, from 0."""
        return index // self.frames_per_patient + 1, index % self.frames_per_patient + 1

    @property
    def patients(self) -> int:
        """Number of simulated patients."""
        return self.scan(self.count - 1)[0]

    @property
    def estimated_bytes(self) -> int:
        """Space that the files will take on disk."""
        return self.count * (SCAN_BYTES + (MASK_BYTES if self.masks else 0))


def scan_name(patient: int, frame: int) -> str:
    """File name of a scan and of its mask: preprocessing groups scans by the part before the underscore."""
    return f"patient{patient:04d}_frame{frame:02d}.png"


def check_output(collection: Collection) -> None:
    """Raise `UserError` unless the output can be made: new or empty, and with room for the scans."""
    output = collection.output
    if output.absolute() == Path.cwd():
        raise UserError("the output is the current directory: give --output the name of a new one")
    if output.is_dir() and any(output.iterdir()):
        raise UserError(f"{output} exists and is not empty: give --output a new name, or empty it first")
    if os.path.lexists(output) and not output.is_dir():
        raise UserError(f"{output} is a file: give --output the name of a new directory")
    existing = next(folder for folder in (output.absolute(), *output.absolute().parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    if free < collection.estimated_bytes:
        raise UserError(
            f"{existing} has {free / 1e6:.0f} MB free and {collection.count} scans need about "
            f"{collection.estimated_bytes / 1e6:.0f} MB: free some space, lower --count or give another --output"
        )


def write_collection(collection: Collection, workers: int) -> int:
    """Simulate and write all scans; the output appears by one rename at the end; returns bytes written.

    Args:
        collection: what to write.
        workers: processes; the files do not depend on their number.

    Raises:
        UserError: a worker process was killed.
        OSError: the output cannot be written; nothing of it is left.
    """
    with handling(signal.SIGTERM, signal.default_int_handler), new_directory(collection.output) as folder:
        (folder / "images").mkdir()
        if collection.masks:
            (folder / "masks").mkdir()
        sizes = _in_this_process(collection, folder) if workers == 1 else _in_workers(collection, folder, workers)
        interval = 0.2 if sys.stderr.isatty() else 10.0
        # Closing stops the workers before the folder is removed, wherever an interrupt strikes.
        with closing(sizes):
            return sum(tqdm(sizes, "simulating", collection.count, unit="scan", mininterval=interval))


def write_scan(collection: Collection, folder: Path, index: int) -> int:
    """Simulate scan `index` and write it, and its mask, under `folder`; returns the bytes written."""
    patient, frame = collection.scan(index)
    phantom = simulate_scan(collection.seed, patient, frame)
    note = PngInfo()
    note.add_text("synthetic", "simulated phantom; shows no patient")
    note.add_text("software", "tfgan-thyroid pipeline.simulate")
    note.add_text("seed", f"{collection.seed}")
    note.add_text("patient", f"{patient}")
    note.add_text("frame", f"{frame}")
    name = scan_name(patient, frame)
    size = _write_png(folder / "images" / name, phantom.image, note)
    if collection.masks:
        size += _write_png(folder / "masks" / name, phantom.mask, note)
    return size


def _write_png(path: Path, pixels: np.ndarray, note: PngInfo) -> int:
    try:
        Image.fromarray(pixels).save(path, compress_level=_COMPRESS_LEVEL, pnginfo=note)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    return path.stat().st_size


def _in_this_process(collection: Collection, folder: Path) -> Generator[int, None, None]:
    for index in range(collection.count):
        yield write_scan(collection, folder, index)


def _in_workers(collection: Collection, folder: Path, workers: int) -> Generator[int, None, None]:
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        # Workers inherit that Ctrl-C is ignored: the parent stops them, in order.
        with handling(signal.SIGINT, signal.SIG_IGN):
            futures = [pool.submit(write_scan, collection, folder, index) for index in range(collection.count)]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool as error:
            raise UserError("a worker process was killed, perhaps for want of memory: lower --workers") from error
        finally:
            pool.shutdown(cancel_futures=True)
