"""Simulated thyroid scans and masks, to try the program without any: `python -m pipeline.simulate --output DIR`."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfgan_thyroid import command

if TYPE_CHECKING:
    from pipeline.phantom_files import Collection

# One core, simulation and PNG writing.
_SECONDS_PER_SCAN = 0.22


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    arguments = _parser().parse_args(argv)
    from pipeline.phantom_files import Collection, check_output, write_collection

    collection = Collection(
        output=Path(os.path.normpath(arguments.output)),
        count=arguments.count,
        masks=arguments.masks,
        frames_per_patient=arguments.frames_per_patient,
        seed=arguments.seed,
    )
    workers = min(arguments.workers, arguments.count)
    check_output(collection)
    report = _plan(collection)
    results = sys.stderr if arguments.json else sys.stdout
    if arguments.dry_run:
        size, seconds = collection.estimated_bytes, collection.count * _SECONDS_PER_SCAN / workers
        report |= {"estimated_bytes": size, "estimated_seconds": seconds}
        print(f"would write {_summary(collection)}", file=results)
        print(f"about {size / 1e6:.0f} MB in {seconds:.0f} s on {_number(workers, 'worker')}", file=results)
        print("nothing was written", file=results)
    else:
        start = time.monotonic()
        size = write_collection(collection, workers)
        seconds = time.monotonic() - start
        report |= {"bytes": size, "seconds": seconds, "workers": workers}
        print(f"wrote {_summary(collection)}: {size / 1e6:.1f} MB in {seconds:.1f} s", file=results)
    if arguments.json:
        print(json.dumps(report, indent=2))
    elif not arguments.dry_run:
        command.say_next(collection.output / "images", str(report["next_command"]))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "pipeline.simulate",
        "Simulates transverse thyroid ultrasound scans (8-bit grey PNG, 875 rows x 1167 columns) of made-up patients, "
        "and masks of the thyroid gland. The same seed gives the same files, however many workers write them; on "
        "another kind of processor about ten pixels of a million differ by one grey level.",
        "python -m pipeline.simulate --output data/phantoms --count 40 --masks",
    )
    add = parser.add_argument
    add("--output", type=Path, required=True, help="new or empty directory for images/ and masks/")
    add("--count", type=command.positive_int, default=609, help="number of scans")
    add("--masks", action="store_true", help="write gland masks (0 and 255) under the same names")
    add("--frames-per-patient", type=command.positive_int, default=7, help="scans of one simulated patient")
    add("--seed", type=command.seed, default=0, help="of the whole collection")
    add("--workers", type=command.positive_int, default=_cores(), help="processes, by default one per core")
    add("--dry-run", action="store_true", help="check the output and print the plan; write nothing")
    add("--json", action="store_true", help="one JSON document on standard output")
    return parser


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _plan(collection: "Collection") -> dict[str, str | int | float | None]:
    """What the run will do, with the names of the `--json` document."""
    images = collection.output / "images"
    masks = collection.output / "masks" if collection.masks else None
    mask_flag = ["--masks", masks] if masks else []
    dataset = collection.output.with_name(f"{collection.output.name}-dataset")
    return {
        "images": str(images),
        "masks": str(masks) if masks else None,
        "count": collection.count,
        "patients": collection.patients,
        "frames_per_patient": collection.frames_per_patient,
        "seed": collection.seed,
        "next_command": command.line("pipeline.preprocess", "--input", images, *mask_flag, "--output", dataset),
    }


def _summary(collection: "Collection") -> str:
    masks = " with masks" if collection.masks else ""
    scans, patients = _number(collection.count, "scan"), _number(collection.patients, "simulated patient")
    return f"{scans}{masks} of {patients} to {collection.output}"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


if __name__ == "__main__":
    command.run(main)
