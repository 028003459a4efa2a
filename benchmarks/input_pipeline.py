"""Times the tf.data pipeline against the training iteration that it feeds.

`python -m benchmarks.input_pipeline` from the repository's root: a data set of noise, whose PNG files are the largest
that there are, is written to a temporary directory and read as training reads it, first with nothing of it in the
system's cache, then with all of it.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.machine import describe_machine
from benchmarks.noise_dataset import write_noise
from tfgan_thyroid import command

BATCHES = 4  # of real images in an iteration of the paper's model


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    flags = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        dataset = Path(scratch)
        write_noise(dataset, flags.scans, flags.image_size)
        _forget_cache(dataset)
        rates = {name: _elements_per_second(dataset, flags) for name in ("cold", "warm")}
    document: dict = {
        "settings": {key: value for key, value in vars(flags).items() if key != "json"},
        "machine": describe_machine(),
        "elements_per_second": rates,
        "times_the_iteration": {name: rate * flags.iteration_seconds for name, rate in rates.items()},
    }
    stream = sys.stderr if flags.json else sys.stdout
    for name, rate in rates.items():
        times = document["times_the_iteration"][name]
        print(f"{name:5} {rate:8.1f} iterations' images a second, {times:.0f} times what is consumed", file=stream)
    if flags.json:
        print(json.dumps(document))
    return 0


def _forget_cache(dataset: Path) -> None:
    """Has the system drop what it holds of the files, where it can (Linux)."""
    for path in dataset.rglob("*.tfrecord"):
        with open(path, "rb+") as file:
            os.fsync(file.fileno())
            if hasattr(os, "posix_fadvise"):
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _elements_per_second(dataset: Path, flags: argparse.Namespace) -> float:
    """From the opening of the files to the last of the elements: filling buffers counts."""
    from tfgan_thyroid.data.records.input_pipeline import training_batches

    start = time.perf_counter()
    batches = training_batches(dataset, "train", flags.batch_size, BATCHES, seed=0)
    for element in batches.take(flags.elements):
        element.numpy()
    return flags.elements / (time.perf_counter() - start)


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "benchmarks.input_pipeline",
        "Time the input pipeline, cold and warm, against the training iteration that it feeds. A data set of noise is "
        "written to a temporary directory.",
        "python -m benchmarks.input_pipeline --iteration-seconds 1.5",
    )
    count = command.positive_int
    parser.add_argument("--image-size", type=count, default=256, help="height and width in pixels")
    parser.add_argument("--scans", type=count, default=600, help="images in the data set")
    parser.add_argument("--batch-size", type=count, default=8, help="images in each of an iteration's four batches")
    parser.add_argument("--elements", type=count, default=60, help="iterations' images to read")
    parser.add_argument(
        "--iteration-seconds", type=float, default=1.5, help="of benchmarks.training_iteration at this batch size"
    )
    parser.add_argument(
        "--json", action="store_true", help="end standard output with one JSON object; all else on standard error"
    )
    return parser


if __name__ == "__main__":
    command.run(main)
