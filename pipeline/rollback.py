"""Serves an earlier version again: `python -m pipeline.rollback --serving-dir saved_models/NAME`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tfgan_thyroid import command


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "pipeline.rollback",
        "Put a copy of an earlier version on top, which servers then pick up. No version is removed.",
        "python -m pipeline.rollback --serving-dir saved_models/thyroid --version-number 3",
    )
    add = parser.add_argument
    add("--serving-dir", type=Path, required=True, metavar="DIR", help="holds the versions")
    add(
        "--version-number",
        type=command.positive_int,
        metavar="N",
        help="which to serve again (default: the one before the newest)",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Copies the version."""
    args = _parser().parse_args(argv)
    from pipeline.components.pusher import roll_back

    version = roll_back(args.serving_dir, args.version_number)
    print(f"version {version.name} is served now; a pipeline that runs again does not push the withdrawn model")
    return 0


if __name__ == "__main__":
    command.run(main)
