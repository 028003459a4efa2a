"""Lists artifacts that no pushed model needs; --yes deletes them: `python -m pipeline.clean --pipeline-root ROOT`."""

import argparse
import contextlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfgan_thyroid import command

if TYPE_CHECKING:
    from pipeline.orchestration.artifact import Artifact
    from pipeline.orchestration.store import MetadataStore


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "pipeline.clean",
        "Say which artifacts neither a pushed model nor the last blessed one nor the latest run needs, and what is "
        "left of unfinished work that the latest run would not go on with; with --yes remove them.",
        "python -m pipeline.clean --pipeline-root ROOT --serving-dir saved_models/thyroid --yes",
    )
    add = parser.add_argument
    add("--pipeline-root", type=Path, required=True, metavar="ROOT", help="as given to pipeline.run")
    add(
        "--serving-dir",
        type=Path,
        metavar="DIR",
        help="as given to pipeline.run: a pushed model that is no longer there needs nothing either",
    )
    add("--yes", action="store_true", help="remove; without it only say what would go")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Finds what is not needed, says it, and removes it on request."""
    args = _parser().parse_args(argv)
    from pipeline.orchestration.artifact import size_of
    from pipeline.orchestration.execution import remove_artifact
    from pipeline.orchestration.root_lock import only_process
    from pipeline.orchestration.store import MetadataStore

    root = args.pipeline_root
    with contextlib.closing(MetadataStore.open(root)) as store, only_process(root):
        names = unneeded(store, args.serving_dir)
        scratch = abandoned(store)
        sizes = {name: size_of(root / name) for name in [*names, *scratch]}
        for name, size in sizes.items():
            print(f"{name:40}{size / 2**20:>9.1f} MiB")
        total = f"{len(names)} artifacts, {len(scratch)} unfinished, {sum(sizes.values()) / 2**20:.1f} MiB"
        if not args.yes:
            print(f"{total}; --yes removes them")
            return 0
        print(f"removing {total}", flush=True)
        store.forget(names)
        for name in names:
            if (root / name).is_dir():
                remove_artifact(root, name)
        for name in scratch:
            shutil.rmtree(root / name)
    return 0


def unneeded(store: "MetadataStore", serving_dir: Path | None = None) -> list[str]:
    """Artifacts that no pushed model, nor the last blessed one, nor the latest run needs; one that is damaged too.

    What one execution made stays together, so that it can be taken from there again.

    Args:
        store: of the root.
        serving_dir: where pushed models count only as long as they are there; None counts all.
    """
    found = store.artifacts()
    runs = store.runs()
    latest = {e.cached_from or e.id for e in store.executions(runs[-1].id)} if runs else set()
    served = _served_models(serving_dir)
    needed = {name for name, artifact in found.items() if artifact.execution in latest}
    needed |= {name for name, artifact in found.items() if _is_pushed(store.root, artifact, served)}
    blessings = [a for a in found.values() if a.type == "ModelBlessing" and a.properties.get("blessed")]
    needed |= {blessings[-1].name} if blessings else set()
    waiting = list(needed)
    while waiting:
        for parent in found[waiting.pop()].parents:
            if parent in found and parent not in needed:
                needed.add(parent)
                waiting.append(parent)
    executions = {found[name].execution for name in needed}
    needed |= {name for name, artifact in found.items() if artifact.execution in executions}
    return [name for name in store.artifact_names() if name not in needed]


def abandoned(store: "MetadataStore") -> list[str]:
    """Folders of stopped works, such as a training's checkpoints, other than those of the latest run."""
    from pipeline.orchestration.execution import SCRATCH, WORKING

    runs = store.runs()
    executions = store.executions(runs[-1].id) if runs else []
    stopped = {e.fingerprint[:16] for e in executions if e.state in ("failed", "running")}
    folders = sorted(store.root.glob(f"*/{WORKING}/{SCRATCH}*"))
    return [
        folder.relative_to(store.root).as_posix()
        for folder in folders
        if folder.name.removeprefix(SCRATCH) not in stopped
    ]


def _served_models(serving_dir: Path | None) -> set[str | None] | None:
    from pipeline.components.pusher import card_digest
    from tfgan_thyroid.serving.versions import versions_in

    return None if serving_dir is None else {card_digest(version) for version in versions_in(serving_dir).values()}


def _is_pushed(root: Path, artifact: "Artifact", served: set[str | None] | None) -> bool:
    from pipeline.components.pusher import PUSHED

    if artifact.type != "PushedModel":
        return False
    pushed = json.loads((artifact.path(root) / PUSHED).read_text())
    return pushed["pushed"] and (served is None or pushed["model_digest"] in served)


if __name__ == "__main__":
    command.run(main)
