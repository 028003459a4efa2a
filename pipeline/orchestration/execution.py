"""One execution of a component: its folders, its log, its failure, and the one rename that makes outputs artifacts."""

import datetime
import logging
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from pipeline.components.component import Component
from pipeline.components.workplace import Workplace
from pipeline.orchestration.artifact import MANIFEST, Artifact, directory_digest
from pipeline.orchestration.store import MetadataStore
from tfgan_thyroid.command import one_line
from tfgan_thyroid.errors import UserError

LOGS = "logs"
WORKING = ".working"
SCRATCH = "scratch-"

LOG = logging.getLogger("tfgan_thyroid.pipeline")


def execute(
    component: Component, inputs: Mapping[str, Artifact], fingerprint: str, run: int, store: MetadataStore
) -> dict[str, Artifact]:
    """Runs a component and publishes what it wrote; returns its artifacts, by output."""
    started = now()
    execution = store.start_execution(run, component.name, fingerprint, started)
    working = store.root / component.name / WORKING
    scratch = working / f"{SCRATCH}{fingerprint[:16]}"
    outputs = {name: working / f"{name}-{execution}" for name in component.outputs}
    log_file = store.root / LOGS / f"{component.name}-{execution}.txt"
    for directory in (log_file.parent, scratch, *outputs.values()):
        directory.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(log_file, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    package_log = logging.getLogger("tfgan_thyroid")
    package_log.addHandler(handler)
    final = _FinalPaths({path: store.root / component.name / name / str(execution) for name, path in outputs.items()})
    for each in package_log.handlers:
        each.addFilter(final)
    directories = {name: artifact.path(store.root) for name, artifact in inputs.items()}
    try:
        component.run(Workplace(directories, outputs, scratch, LOG))
        artifacts = _publish(component, execution, inputs, outputs, started, store.root)
    except (UserError, OSError) as error:
        cause = one_line(error)
        handler.handle(logging.makeLogRecord({"msg": f"failed: {cause}"}))
        store.fail(execution, now(), cause)
        raise UserError(
            f"{component.name} failed: {cause} (log: {log_file}); once that is put right, the same command goes on "
            "from there"
        ) from error
    except BaseException as error:
        store.fail(execution, now(), f"{type(error).__name__}: {error}".removesuffix(": "))
        handler.handle(logging.makeLogRecord({"msg": "failed", "exc_info": sys.exc_info()}))
        raise
    finally:
        for each in package_log.handlers:
            each.removeFilter(final)
        package_log.removeHandler(handler)
        handler.close()
    names = {name: artifact.name for name, artifact in inputs.items()}
    rows = [(artifact.name, output, artifact.type, artifact.digest) for output, artifact in artifacts.items()]
    store.complete(execution, now(), names, rows)
    shutil.rmtree(working)
    return artifacts


class _FinalPaths(logging.Filter):
    """Names an output by the place that it is renamed to when its component ends, not by where it is written."""

    def __init__(self, places: Mapping[Path, Path]) -> None:
        super().__init__()
        self._places = places

    def filter(self, record: logging.LogRecord) -> bool:
        """Changes the message and lets it pass."""
        message = record.getMessage()
        for written, place in self._places.items():
            message = message.replace(str(written), str(place))
        record.msg, record.args = message, None
        return True


def _publish(
    component: Component,
    execution: int,
    inputs: Mapping[str, Artifact],
    outputs: Mapping[str, Path],
    started: str,
    root: Path,
) -> dict[str, Artifact]:
    """Each output gets its manifest and is renamed to its place."""
    parents = tuple(sorted(artifact.name for artifact in inputs.values()))
    properties = component.properties(outputs)
    artifacts = {}
    for output, directory in outputs.items():
        artifact = Artifact(
            name=f"{component.name}/{output}/{execution}",
            type=component.outputs[output],
            digest=directory_digest(directory),
            parameters=component.parameters,
            parents=parents,
            started=started,
            ended=now(),
            code_version=component.version,
            properties=properties.get(output, {}),
        )
        artifact.write(directory)
        artifact.path(root).parent.mkdir(exist_ok=True)
        directory.rename(artifact.path(root))
        artifacts[output] = artifact
    return artifacts


def remove_leftovers(store: MetadataStore) -> None:
    """Drops outputs that a killed process left: half-written ones, and whole ones that the store never knew."""
    known = set(store.artifact_names())
    for manifest in store.root.glob(f"*/*/*/{MANIFEST}"):
        name = manifest.parent.relative_to(store.root).as_posix()
        if name not in known and WORKING not in manifest.parts:
            remove_artifact(store.root, name)
    for directory in store.root.glob(f"*/{WORKING}/*"):
        if not directory.name.startswith(SCRATCH):
            shutil.rmtree(directory)


def remove_artifact(root: Path, name: str) -> None:
    """Removes an artifact, out of sight first, so that nobody meets half of it."""
    component, output, execution = name.split("/")
    hidden = root / component / WORKING / f"{output}-{execution}-removed"
    hidden.parent.mkdir(exist_ok=True)
    (root / name).rename(hidden)
    shutil.rmtree(hidden)


def now() -> str:
    """ISO 8601 in UTC."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
