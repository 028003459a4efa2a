"""Makes the paper's tables: `python -m tfgan_thyroid.reproduce table1 --data DATASET`."""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from tfgan_thyroid import command
from tfgan_thyroid.config import PRESETS
from tfgan_thyroid.errors import UserError

LOG = logging.getLogger("tfgan_thyroid.reproduce")


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "tfgan_thyroid.reproduce",
        "Train every generator of the paper with several seeds, measure each, and write the table beside the paper's "
        "as Markdown, JSON and a picture. Stopped, it goes on where it was: give the same command again.",
        "python -m tfgan_thyroid.reproduce table1 --data DATASET --preset cpu --output table1",
    )
    parser.add_argument("table", choices=("table1",), help="table1: every generator by MMD, 1-NN and MS-SSIM")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DATASET", help="dataset directory; its train split is used"
    )
    parser.add_argument("--output", type=Path, default=Path("table1"), metavar="DIR", help="results, table and runs")
    parser.add_argument(
        "--preset", default="cpu", metavar="NAME", help=f"where every row starts from: {', '.join(PRESETS)}"
    )
    parser.add_argument("--rows", default="all", metavar="NAMES", help="comma-separated, as gan,vae,best")
    parser.add_argument("--seeds", type=command.positive_int, default=3, metavar="N", help="trainings of each row")
    parser.add_argument("--iterations", type=command.positive_int, metavar="N", help="of each training")
    parser.add_argument("--batch-size", type=command.positive_int, metavar="N", help="images in an update")
    parser.add_argument("--width", type=command.positive_int, metavar="N", help="channels at half the image size")
    parser.add_argument(
        "--samples", type=command.positive_int, metavar="N", help="images in a draw (default: 100, or half of the data)"
    )
    parser.add_argument("--draws", type=command.positive_int, default=10, metavar="N", help="draws of each metric")
    parser.add_argument("--dry-run", action="store_true", help="print the plan; train nothing")
    parser.add_argument("--json", action="store_true", help="print table1.json on standard output")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Plans the trainings, makes those that are missing, and writes the table after each."""
    args = _parser().parse_args(argv)
    command.start_log()
    from tfgan_thyroid.data.schema import DatasetInfo

    info = DatasetInfo.load(args.data)
    overrides = {n: getattr(args, n) for n in ("iterations", "batch_size", "width") if getattr(args, n) is not None}
    # Half of the data is what a real-against-real floor at the same n needs.
    samples = args.samples or min(100, info.counts["train"] // 2)
    rows = _rows(args.rows)
    from tfgan_thyroid.evaluation.plan import run_plan
    from tfgan_thyroid.evaluation.table1 import Protocol, table1_cells
    from tfgan_thyroid.evaluation.table1_report import write_table1

    protocol = Protocol(args.data, args.preset, overrides, args.seeds, samples, args.draws)
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
    markdown = ""

    def write(results: dict) -> None:
        nonlocal markdown
        markdown = write_table1(rows, args.seeds, results, facts, args.output)

    run_plan(cells, args.output / "results", write)
    print((args.output / "table1.json").read_text() if args.json else markdown, end="")
    LOG.info("wrote table1.md, table1.json and table1.png in %s", args.output)
    return 0


def _rows(names: str) -> list:
    from tfgan_thyroid.evaluation.table1_rows import ROWS

    known = {row.name: row for row in ROWS}
    if names == "all":
        return list(ROWS)
    unknown = [name for name in names.split(",") if name not in known]
    if unknown:
        raise UserError(f"unknown row {unknown[0]!r}: choose from {', '.join(known)}")
    return [known[name] for name in names.split(",")]


if __name__ == "__main__":
    command.run(main)
