"""`python -m tfgan_thyroid.train` on noise, started as a user would and watched from outside."""

import argparse
import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.noise_dataset import write_noise
from benchmarks.scaffold import add_counts
from tfgan_thyroid.errors import UserError

SCANS = 64
ITERATION = re.compile(r"iteration (\d+)/\d+ ")


def add_flags(parser: argparse.ArgumentParser, image_size: int, width: int, batch_size: int) -> None:
    """The flags of a training's size and precision, with these defaults."""
    add_counts(
        parser,
        image_size=(image_size, "height and width in pixels, 4 * 2^n"),
        width=(width, "channels after D's first stage"),
        batch_size=(batch_size, "images in each of the four updates"),
    )
    parser.add_argument("--precision", choices=("float32", "mixed_bfloat16"), default="float32", help="of the networks")


@contextlib.contextmanager
def watch(
    scratch: Path, flags: argparse.Namespace, iterations: int, log_every: int
) -> Iterator[tuple[subprocess.Popen[str], Iterator[int]]]:
    """A training's process, and the iterations that it logs; killed when the context is left.

    Args:
        scratch: an empty directory, for the data set and the run.
        flags: of `add_flags`.
        iterations: of the training, which makes no pictures and no checkpoints but the last.
        log_every: iterations from line to line.

    Raises:
        UserError: the training ended before it was asked to; its last line says why.
    """
    write_noise(scratch / "dataset", SCANS, flags.image_size)
    fields = {"image_size": flags.image_size, "log_every": log_every, "image_every": 10**9, "checkpoint_every": 10**9}
    arguments = ["--data", scratch / "dataset", "--outdir", scratch / "runs", "--iterations", iterations]
    arguments += ["--width", flags.width, "--batch-size", flags.batch_size, "--precision", flags.precision]
    arguments += [part for name, value in fields.items() for part in ("--set", f"{name}={value}")]
    process = subprocess.Popen(
        [sys.executable, "-m", "tfgan_thyroid.train", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield process, _done(process, iterations)
    finally:
        process.kill()
        process.communicate()


def _done(process: subprocess.Popen[str], iterations: int) -> Iterator[int]:
    assert process.stdout is not None
    line, iteration = "", 0
    for line in process.stdout:
        if found := ITERATION.match(line):
            iteration = int(found[1])
            yield iteration
            if iteration == iterations:
                return
    raise UserError(f"the training ended after iteration {iteration}: {line.strip()}")
