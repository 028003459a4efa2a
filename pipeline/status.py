"""What a pipeline's root holds: `python -m pipeline.status --pipeline-root ROOT`."""

import argparse
import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfgan_thyroid import command

MARKS = ("BLESSED", "NOT_BLESSED", "INFRA_BLESSED", "INFRA_NOT_BLESSED")


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "pipeline.status",
        "List runs, executions, artifacts, blessings and sizes of a pipeline's root, or the lineage of one artifact.",
        "python -m pipeline.status --pipeline-root ROOT --lineage Trainer/model/5 --picture lineage.png",
    )
    add = parser.add_argument
    add("--pipeline-root", type=Path, required=True, metavar="ROOT", help="as given to pipeline.run")
    add("--lineage", metavar="ARTIFACT", help="print where an artifact comes from, as a tree")
    add("--picture", type=Path, metavar="FILE", help="with --lineage: write the tree as a PNG file too")
    add("--json", action="store_true", help="print one JSON document on standard output")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Reads the store and the manifests."""
    parser = _parser()
    args = parser.parse_args(argv)
    if args.picture and not args.lineage:
        parser.error("--picture goes with --lineage")
    if args.lineage:
        return _print_lineage(args)
    document = status(args.pipeline_root)
    if args.json:
        print(json.dumps(document))
        return 0
    for run in document["runs"]:
        print(f"run {run['id']:>4}  {run['state']:9} {run['started']}  {run['message'] or ''}".rstrip())
        for execution in run["executions"]:
            note = f"from execution {execution['cached_from']}" if execution["cached_from"] else execution["message"]
            took = "" if execution["seconds"] is None else f"{execution['seconds']:.1f} s"
            line = (
                f"    {execution['id']:>4}  {execution['component']:18}{execution['state']:9}{took:>10}  {note or ''}"
            )
            print(line.rstrip())
    for artifact in document["artifacts"]:
        mark = artifact["mark"] or ""
        print(f"{artifact['name']:34}{artifact['type']:20}{artifact['bytes'] / 2**20:>9.1f} MiB  {mark}".rstrip())
    print(f"{'all':54}{sum(a['bytes'] for a in document['artifacts']) / 2**20:>9.1f} MiB")
    return 0


def status(root: Path) -> dict[str, Any]:
    """Runs with their executions, and artifacts with their sizes and blessings, JSON-able.

    Raises:
        UserError: no pipeline ran there.
    """
    from pipeline.orchestration.artifact import size_of
    from pipeline.orchestration.store import MetadataStore

    with contextlib.closing(MetadataStore.open(root)) as store:
        runs = [
            {**run._asdict(), "executions": [{**e._asdict(), "seconds": e.seconds} for e in store.executions(run.id)]}
            for run in store.runs()
        ]
        found = store.artifacts()
        artifacts = []
        for name in store.artifact_names():
            kind = found[name].type if name in found else "removed or damaged"
            artifacts.append(
                {"name": name, "type": kind, "bytes": size_of(root / name), "mark": _mark(root / name, kind)}
            )
    return {"runs": runs, "artifacts": artifacts}


def _mark(directory: Path, kind: str) -> str | None:
    """Its blessing, or the version that a pushed model became."""
    if kind == "PushedModel":
        version = json.loads((directory / "pushed.json").read_text())["version"]
        return "not pushed" if version is None else f"version {version}"
    return next((mark for mark in MARKS if (directory / mark).is_file()), None)


def _print_lineage(args: argparse.Namespace) -> int:
    from pipeline.orchestration.lineage import find_artifact, lineage_picture, lineage_tree
    from pipeline.orchestration.store import MetadataStore
    from tfgan_thyroid import atomic

    MetadataStore.open(args.pipeline_root).close()
    artifact = find_artifact(args.pipeline_root, args.lineage)
    print(lineage_tree(args.pipeline_root, artifact))
    if args.picture:
        atomic.write_bytes(args.picture, lineage_picture(args.pipeline_root, artifact))
    return 0


if __name__ == "__main__":
    command.run(main)
