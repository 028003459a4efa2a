"""Runs components in order: what was done before is taken from where it lies, what was killed is continued."""

import contextlib
import datetime
import fcntl
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.orchestration.artifact import Artifact, content_digest
from pipeline.orchestration.component import Component, Workplace
from pipeline.orchestration.store import Execution, MetadataStore
from tfgan_thyroid.errors import UserError

LOG = logging.getLogger("tfgan_thyroid.pipeline")

LOGS = "logs"
WORKING = ".working"


@dataclass(frozen=True)
class PipelineResult:
    """How a run of the pipeline ended.

    Attributes:
        run: its number.
        artifacts: of every component that ran or was reused, by `Component.output`.
        stopped_by: the component whose outputs forbid to go on, and why; None where all ran.
    """

    run: int
    artifacts: Mapping[str, Artifact]
    stopped_by: tuple[str, str] | None = None


@dataclass
class Orchestrator:
    """Runs components over a pipeline's root.

    Attributes:
        root: where artifacts, logs and the store lie.
        no_cache: whether to run everything again.
        start_from: name of the component from which on everything is run again, None to reuse what can be.
    """

    root: Path
    no_cache: bool = False
    start_from: str | None = None
    _fresh: bool = field(default=False, init=False)

    def run(self, components: Sequence[Component]) -> PipelineResult:
        """Runs or reuses each component, in the order given.

        Raises:
            UserError: a component failed; it names the component, the cause and how to go on.
        """
        names = [component.name for component in components]
        if self.start_from is not None and self.start_from not in names:
            raise UserError(f"there is no component {self.start_from!r}: choose from {', '.join(names)}")
        self.root.mkdir(parents=True, exist_ok=True)
        self._fresh = self.no_cache
        with _alone(self.root), contextlib.closing(MetadataStore(self.root)) as store:
            return self._run(components, store)

    def _run(self, components: Sequence[Component], store: MetadataStore) -> PipelineResult:
        run = store.start_run(_now())
        self._remove_orphans(store)
        artifacts: dict[str, Artifact] = {}
        state, message = "failed", None
        try:
            for place, component in enumerate(components, start=1):
                self._fresh = self._fresh or component.name == self.start_from
                outputs = self._execute(run, component, artifacts, store, f"{place} of {len(components)}")
                artifacts.update({f"{component.name}.{output}": artifact for output, artifact in outputs.items()})
                reason = component.stop_reason({name: artifact.path(self.root) for name, artifact in outputs.items()})
                if reason is not None:
                    state, message = "stopped", f"{component.name}: {reason}"
                    return PipelineResult(run, artifacts, (component.name, reason))
            state = "complete"
            return PipelineResult(run, artifacts)
        except UserError as error:
            message = str(error)
            raise
        finally:
            store.end_run(run, _now(), state, message)

    def _execute(
        self, run: int, component: Component, done: Mapping[str, Artifact], store: MetadataStore, place: str
    ) -> dict[str, Artifact]:
        inputs = {name: done[source] for name, source in component.inputs.items() if source in done}
        history = [Artifact.read(self.root / name) for name in store.artifact_names() if (self.root / name).is_dir()]
        inputs |= component.resolve(done, history, self.root)
        missing = component.inputs.keys() - inputs.keys() - component.optional
        if missing:
            source = component.inputs[sorted(missing)[0]]
            raise UserError(f"{component.name} needs {source}, which no component before it makes")
        fingerprint = component.fingerprint({name: artifact.digest for name, artifact in inputs.items()})
        names = {name: artifact.name for name, artifact in inputs.items()}
        if component.reusable and not self._fresh:
            for execution in store.done_before(component.name, fingerprint):
                outputs = self._whole_artifacts(execution, component, store)
                if outputs is not None:
                    store.reuse(run, execution, _now(), names)
                    LOG.info("%s  %s: nothing changed, taken from execution %d", place, component.name, execution.id)
                    return outputs
        LOG.info("%s  %s", place, component.name)
        return self._work(run, component, inputs, fingerprint, store)

    def _whole_artifacts(
        self, execution: Execution, component: Component, store: MetadataStore
    ) -> dict[str, Artifact] | None:
        """An earlier execution's artifacts where all are still there, as they were."""
        names = store.artifacts_of(execution.id)
        if names.keys() != component.outputs.keys():
            return None
        outputs = {}
        for output, name in names.items():
            directory = self.root / name
            if not directory.is_dir() or content_digest(directory) != Artifact.read(directory).digest:
                LOG.warning("%s was removed or changed by hand: %s runs again", directory, component.name)
                return None
            outputs[output] = Artifact.read(directory)
        return outputs

    def _work(
        self,
        run: int,
        component: Component,
        inputs: Mapping[str, Artifact],
        fingerprint: str,
        store: MetadataStore,
    ) -> dict[str, Artifact]:
        started = _now()
        execution = store.start_execution(run, component.name, fingerprint, started)
        log_file = self.root / LOGS / f"{component.name}-{execution}.txt"
        working = self.root / component.name / WORKING
        scratch = working / f"scratch-{fingerprint[:16]}"
        outputs = {name: working / f"{name}-{execution}" for name in component.outputs}
        for directory in (log_file.parent, scratch, *outputs.values()):
            directory.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(log_file)
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        logging.getLogger("tfgan_thyroid").addHandler(handler)
        directories = {name: artifact.path(self.root) for name, artifact in inputs.items()}
        try:
            component.run(Workplace(directories, outputs, scratch, LOG))
        except UserError as error:
            LOG.error("%s failed: %s", component.name, error)
            store.fail(execution, _now(), str(error))
            raise UserError(
                f"{component.name} failed: {error} (log: {log_file}); the same command goes on from there"
            ) from error
        finally:
            logging.getLogger("tfgan_thyroid").removeHandler(handler)
            handler.close()
        return self._publish(component, execution, inputs, outputs, started, store, working)

    def _publish(
        self,
        component: Component,
        execution: int,
        inputs: Mapping[str, Artifact],
        outputs: Mapping[str, Path],
        started: str,
        store: MetadataStore,
        working: Path,
    ) -> dict[str, Artifact]:
        """Each output gets its manifest and is renamed to its place; then the store knows them."""
        parents = tuple(sorted(artifact.name for artifact in inputs.values()))
        artifacts = {}
        for output, directory in outputs.items():
            name = f"{component.name}/{output}/{execution}"
            digest = content_digest(directory)
            artifact = Artifact(name, component.outputs[output], digest, component.parameters, parents, started, _now())
            artifact.write(directory)
            (self.root / name).parent.mkdir(exist_ok=True)
            directory.rename(self.root / name)
            artifacts[output] = artifact
        rows = [(artifact.name, output, artifact.type, artifact.digest) for output, artifact in artifacts.items()]
        store.complete(execution, _now(), {name: artifact.name for name, artifact in inputs.items()}, rows)
        shutil.rmtree(working)
        return artifacts

    def _remove_orphans(self, store: MetadataStore) -> None:
        """Drops outputs that a killed process left: half-written ones, and whole ones that the store never knew."""
        known = set(store.artifact_names())
        for manifest in self.root.glob("*/*/*/artifact.json"):
            directory = manifest.parent
            if directory.relative_to(self.root).as_posix() not in known and WORKING not in directory.parts:
                shutil.rmtree(directory)
        for directory in self.root.glob(f"*/{WORKING}/*"):
            if not directory.name.startswith("scratch-"):
                shutil.rmtree(directory)


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keeps a second process out of the same root; the lock goes with the process that holds it."""
    with (root / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"another pipeline is running in {root}: wait for it, or give another root") from None
        yield


def _now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
