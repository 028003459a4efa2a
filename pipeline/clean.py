"""Removes what no pushed model needs: `python -m pipeline.clean --pipeline-root ROOT`."""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from tfgan_thyroid import command
from tfgan_thyroid.errors import UserError


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "pipeline.clean",
        "Say which artifacts neither a pushed model nor the latest run needs, and with --yes remove them.",
        "python -m pipeline.clean --pipeline-root ROOT --yes",
    )
    parser.add_argument("--pipeline-root", type=Path, required=True, metavar="ROOT", help="as given to pipeline.run")
    parser.add_argument("--yes", action="store_true", help="remove; without it only say what would go")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Finds what is not needed and removes it on request."""
    args = _parser().parse_args(argv)
    from pipeline.orchestration.artifact import size_of
    from pipeline.orchestration.store import DATABASE, MetadataStore

    if not (args.pipeline_root / DATABASE).is_file():
        raise UserError(
            f"{args.pipeline_root} is no pipeline root (no {DATABASE}): make one with python -m pipeline.run"
        )
    store = MetadataStore(args.pipeline_root)
    names = unneeded(args.pipeline_root, store)
    total = 0
    for name in names:
        size = size_of(args.pipeline_root / name)
        total += size
        print(f"{name:40}{size / 2**20:>9.1f} MiB")
    print(f"{len(names)} artifacts, {total / 2**20:.1f} MiB" + ("" if args.yes else "; --yes removes them"))
    if args.yes:
        store.forget(names)
        for name in names:
            shutil.rmtree(args.pipeline_root / name)
    store.close()
    return 0


def unneeded(root: Path, store) -> list[str]:
    """Artifacts that are no ancestor of a pushed model and were not made or used by the latest run, oldest first."""
    from pipeline.orchestration.artifact import Artifact

    found = {name: Artifact.read(root / name) for name in store.artifact_names()}
    runs = store.runs()
    latest = {e.cached_from or e.id for e in store.executions(runs[-1].id)} if runs else set()
    needed = {name for name, artifact in found.items() if artifact.execution in latest}
    needed |= {name for name, artifact in found.items() if _was_pushed(root, artifact)}
    waiting = list(needed)
    while waiting:
        for parent in found[waiting.pop()].parents:
            if parent in found and parent not in needed:
                needed.add(parent)
                waiting.append(parent)
    return [name for name in found if name not in needed]


def _was_pushed(root: Path, artifact) -> bool:
    if artifact.type != "PushedModel":
        return False
    return '"pushed": true' in (artifact.path(root) / "pushed.json").read_text()


if __name__ == "__main__":
    command.run(main)
