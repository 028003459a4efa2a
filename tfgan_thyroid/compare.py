"""Lists runs, or shows some side by side: `python -m tfgan_thyroid.compare runs/00000-... runs/00001-...`."""

import argparse
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfgan_thyroid import command

if TYPE_CHECKING:
    from tfgan_thyroid.evaluation.overview.run_facts import RunFacts


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "tfgan_thyroid.compare",
        "List the runs of a folder with preset, data, size, iteration and verdict. Of runs that are named, write one "
        "HTML page with configurations, metrics, curves and pictures of the same seeds side by side.",
        "python -m tfgan_thyroid.compare\n  python -m tfgan_thyroid.compare runs/latest --output latest.html",
    )
    parser.add_argument("runs", type=Path, nargs="*", metavar="RUN|latest", help="run directories to show")
    parser.add_argument("--outdir", type=Path, default=Path("runs"), help="whose runs are listed")
    parser.add_argument("--output", type=Path, default=Path("comparison.html"), metavar="FILE", help="the page")
    parser.add_argument("--json", action="store_true", help="print the facts as one JSON document on standard output")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Reads the runs' files; loads no model."""
    args = _parser().parse_args(argv)
    from tfgan_thyroid.evaluation.overview.run_facts import all_facts, read_facts

    facts = [read_facts(path) for path in args.runs] if args.runs else all_facts(args.outdir)
    if args.json:
        print(json.dumps([{**dataclasses.asdict(run), "path": str(run.path)} for run in facts]))
    else:
        _print_table(facts)
    if args.runs:
        from tfgan_thyroid.evaluation.overview.page import write_page

        write_page(facts, args.output)
        command.say_next(args.output)
    elif facts:
        newest = [run.path for run in facts[-2:]]
        command.say_next(None, command.line("tfgan_thyroid.compare", *newest))
    return 0


def _print_table(facts: "Sequence[RunFacts]") -> None:
    print(f"{'run':38}{'preset':8}{'data':10}{'scans':>6}{'pixels':>7}{'iteration':>16}  verdict")
    for run in facts:
        preset, size = run.config.get("preset", "-"), run.config["image_size"]
        scans = "-" if run.scans is None else run.scans
        place = f"{run.iteration}/{run.length}"
        line = f"{run.path.resolve().name:38}{preset:8}{run.dataset_digest[:8]:10}{scans:>6}{size:>7}{place:>16}"
        print(f"{line}  {_verdict(run)}")


def _verdict(run: "RunFacts") -> str:
    if run.verdict:
        return run.verdict[0]
    first = next(iter(run.metrics.items()), None)
    return f"{first[0]} {first[1][0]:.4f}" if first else "-"


if __name__ == "__main__":
    command.run(main)
