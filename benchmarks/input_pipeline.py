"""Times the tf.data pipeline against the training iteration that it feeds.

`python -m benchmarks.input_pipeline` from the repository's root: a data set of noise, whose PNG files are the largest
that there are, is written to a temporary directory and read as training reads it, first with nothing of it in the
system's cache, then with all of it.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.noise_dataset import write_noise
from benchmarks.scaffold import add_counts, document, parser, publish
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
    times = {name: rate * flags.iteration_seconds for name, rate in rates.items()}
    lines = [
        f"{name:5} {rate:8.1f} iterations' images a second, {times[name]:.0f} times what is consumed"
        for name, rate in rates.items()
    ]
    publish(flags, document(flags, elements_per_second=rates, times_the_iteration=times), lines)
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
    result = parser(
        "input_pipeline",
        "Time the input pipeline, cold and warm, against the training iteration that it feeds. A data set of noise is "
        "written to a temporary directory.",
        "--iteration-seconds 1.5",
    )
    add_counts(
        result,
        image_size=(256, "height and width in pixels"),
        scans=(600, "images in the data set"),
        batch_size=(8, "images in each of an iteration's four batches"),
        elements=(60, "iterations' images to read"),
    )
    result.add_argument(
        "--iteration-seconds", type=float, default=1.5, help="of benchmarks.training_iteration at this batch size"
    )
    return result


if __name__ == "__main__":
    command.run(main)
