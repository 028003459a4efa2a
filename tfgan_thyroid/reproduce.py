"""Makes the paper's tables, and more: `python -m tfgan_thyroid.reproduce table1|table2|sharing`."""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfgan_thyroid import command, reproduce_sharing
from tfgan_thyroid.config import CHOICES as GAN_CHOICES
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.metric_catalog import SMALLEST_DRAW
from tfgan_thyroid.presets import PRESETS
from tfgan_thyroid.segmentation.config import CHOICES

if TYPE_CHECKING:
    from tfgan_thyroid.experiments.plan import Cell
    from tfgan_thyroid.experiments.table2.table import Table2Plan

LOG = logging.getLogger("tfgan_thyroid.reproduce")


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "tfgan_thyroid.reproduce",
        "Make a table of the paper, beyond its rows and with several seeds, beside the paper's numbers, as Markdown, "
        "JSON and a picture. Stopped, it goes on where it was: give the same command again. table1 trains every "
        "generator and measures its images. table2 trains U-Nets on labelled scans with and without generated pairs, "
        "each generator on those labelled scans alone, and scores them on the test split. sharing asks whether the "
        "generator of one hospital helps another; it has flags of its own: reproduce sharing --help.",
        "python -m tfgan_thyroid.reproduce table1 --data DATASET --preset paper-small --output table1\n"
        "  python -m tfgan_thyroid.reproduce table2 --data DATASET --output table2 --dry-run",
    )
    add = parser.add_argument
    add("table", choices=("table1", "table2"), help="which")
    add("--data", type=Path, required=True, metavar="DATASET", help="dataset directory, with masks for table2")
    add("--output", type=Path, metavar="DIR", help="results, table and runs (default: table1 or table2)")
    add("--rows", default="all", metavar="NAMES", help="comma-separated, as gan,vae,best")
    add("--seeds", type=command.positive_int, metavar="N", help="trainings of each row (default: 3; table2: 2)")
    count: dict[str, Any] = {"type": command.positive_int, "metavar": "N"}
    add("--iterations", **count, help="of each generator (table2: 800)")
    add("--batch-size", **count, help="images in a generator's update (table2: 8)")
    add("--width", **count, help="channels of a generator at half the image size (table2: 8)")
    add("--dry-run", action="store_true", help="print the plan; train nothing")
    add("--json", action="store_true", help="print the table's JSON on standard output")
    add = parser.add_argument_group("table1").add_argument
    add("--preset", metavar="NAME", help=f"where every row starts from: {', '.join(PRESETS)} (cpu)")
    add("--samples", **count, help="images in a draw (default: 100, or half of the data)")
    add("--draws", **count, help="draws of each metric (10)")
    add = parser.add_argument_group("table2").add_argument
    add("--low-data-seeds", **count, help="trainings of each row with few labelled scans (5)")
    sizes: dict[str, Any] = {"type": command.counts, "metavar": "N,N"}
    add("--low-data", **sizes, help="labelled scans of those rows (16,32,64)")
    add("--generated", **sizes, help="generated pairs of those rows (as many as labelled scans)")
    add("--data-augmentation", choices=GAN_CHOICES["data_augmentation"], help="of the generators' scans (conventional)")
    add("--steps", **count, help="updates of every U-Net, whatever it learns from (150)")
    add("--epochs", **count, help="instead: passes over the examples, as in the paper (its: 60)")
    add("--unet-width", **count, help="channels at full size (8; paper: 64)")
    add("--unet-batch-size", **count, help="images in a step (8; paper: 16)")
    add("--precision", choices=CHOICES["precision"], help="of generators and U-Nets (float32)")
    return parser


ONLY: dict[str, dict[str, Any]] = {
    "table1": {"preset": "paper-small", "samples": None, "draws": 10},
    "table2": {
        "low_data_seeds": 5,
        "low_data": (16, 32, 64),
        "generated": (),
        "data_augmentation": "conventional",
        "steps": 150,
        "epochs": None,
        "unet_width": 8,
        "unet_batch_size": 8,
        "precision": "float32",
    },
}
"""Flags that one table alone knows, with their defaults."""


def main(argv: Sequence[str] | None = None) -> int:
    """Plans the trainings, makes those that are missing, and writes the table after each."""
    words = list(sys.argv[1:] if argv is None else argv)
    # As an interrupt does, it ends what this process has started; a training saves a checkpoint first.
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        return reproduce_sharing.main(words[1:]) if words[:1] == ["sharing"] else _reproduce(words)
    finally:
        signal.signal(signal.SIGTERM, before)


def _reproduce(words: list[str]) -> int:
    parser = _parser()
    args = parser.parse_args(words)
    for table, defaults in ONLY.items():
        for name, default in defaults.items():
            if getattr(args, name) is None:
                setattr(args, name, default)
            elif table != args.table:
                parser.error(f"--{name.replace('_', '-')} goes with {table}")
    args.output = args.output or Path(args.table)
    command.start_log()
    return _table1(args) if args.table == "table1" else _table2(args)


def _overrides(args: argparse.Namespace) -> dict[str, int]:
    names = ("iterations", "batch_size", "width")
    return {name: getattr(args, name) for name in names if getattr(args, name) is not None}


def _table1(args: argparse.Namespace) -> int:
    from tfgan_thyroid.data.records.schema import DatasetInfo

    info = DatasetInfo.load(args.data)
    seeds = args.seeds or 3
    # Half of the data is what a real-against-real floor at the same n needs.
    samples = args.samples or min(100, info.counts["train"] // 2)
    if samples < SMALLEST_DRAW:  # before hours of training
        raise UserError(
            f"draws of {samples} images: the table's metrics need at least {SMALLEST_DRAW}, so at least "
            f"{2 * SMALLEST_DRAW} scans, or a larger --samples"
        )
    from tfgan_thyroid.experiments.plan import choose, print_table, run_plan
    from tfgan_thyroid.experiments.table1.rows import ROWS

    rows = choose(args.rows, {row.name: row for row in ROWS}, "row")
    from tfgan_thyroid.experiments.table1.report import write_table1
    from tfgan_thyroid.experiments.table1.table import Table1Protocol, table1_cells

    protocol = Table1Protocol(args.data, args.preset, _overrides(args), seeds, samples, args.draws)
    cells = table1_cells(protocol, rows, args.output)
    if args.dry_run:
        for cell in cells:
            print(f"{cell.name}: {cell.key['config']['iterations']} iterations of {cell.key['config']['model']}")
        print(f"{len(cells)} trainings; results would go to {args.output}")
        return 0
    facts = {
        "preset": args.preset,
        "image size": info.image_size,
        "scans": info.counts["train"],
        "iterations": cells[0].key["config"]["iterations"],
        "batch size": cells[0].key["config"]["batch_size"],
        "width": cells[0].key["config"]["width"],
        "images in a draw": samples,
        "draws": args.draws,
    }
    run_plan(cells, args.output / "results", lambda results: write_table1(rows, seeds, results, facts, args.output))
    print_table(args.output, "table1", args.json)
    return 0


def _table2(args: argparse.Namespace) -> int:
    from tfgan_thyroid.experiments.plan import print_table, run_plan
    from tfgan_thyroid.experiments.table2.report import write_table2
    from tfgan_thyroid.experiments.table2.table import GAN, UNET, Table2Plan, Table2Protocol
    from tfgan_thyroid.experiments.worker import Worker

    gan = {**GAN, **_overrides(args), "data_augmentation": args.data_augmentation, "precision": args.precision}
    unet = {"width": args.unet_width, "batch_size": args.unet_batch_size, "precision": args.precision}
    unet = {**UNET, **unet, **({"epochs": args.epochs} if args.epochs else {})}
    steps = 0 if args.epochs else args.steps
    seeds = args.seeds or 2, args.low_data_seeds
    protocol = Table2Protocol(args.data, gan, unet, steps, args.low_data, args.generated, *seeds)
    with Worker() as worker:
        plan = Table2Plan(protocol, args.output, worker)
        plan.choose(args.rows)
        for reason in plan.left_out:
            LOG.info(reason)
        cells = plan.cells()
        if args.dry_run:
            return _say_plan2(plan, cells)
        args.output.mkdir(parents=True, exist_ok=True)
        facts = plan.facts()
        run_plan(cells, args.output / "results", lambda results: write_table2(plan, results, facts))
    print_table(args.output, "table2", args.json)
    return 0


def _say_plan2(plan: "Table2Plan", cells: "list[Cell]") -> int:
    for cell in cells:
        if "unet" in cell.key:
            print(f"{cell.name}: U-Net, {cell.key['unet']['epochs']} epochs")
        else:
            print(f"{cell.name}: generator, {cell.key['gan']['iterations']} iterations, {cell.key['pairs']} pairs")
    generators = sum("gan" in cell.key for cell in cells)
    print(f"{generators} generators and {len(cells) - generators} U-Nets; results would go to {plan.output}")
    return 0


if __name__ == "__main__":
    command.run(main)
